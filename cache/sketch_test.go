package cache

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSketchGrows: a sketch for more items still knows what was counted, at
// every moment while it grows, and goes on counting.
func TestSketchGrows(t *testing.T) {
	t.Parallel()
	const items = 10 * agingStep
	s := newSketch(items, nil)
	r := rand.New(rand.NewPCG(1, 2))
	hashes := make([]uint64, items)
	for i := range hashes {
		hashes[i] = r.Uint64()
		for range i % 12 {
			s.add(hashes[i])
		}
	}
	before := make([]int, items)
	for i, h := range hashes {
		before[i] = s.estimate(h)
	}
	s.grow(5*items+1, nil)
	if s.items < 5*items+1 {
		t.Errorf("the sketch is for %d items, want %d or more", s.items, 5*items+1)
	}
	steps := 0
	for ; s.old != nil; steps++ {
		for i, h := range hashes {
			if got := s.estimate(h); got != before[i] {
				t.Fatalf("after %d steps the estimate is %d, want %d as before", steps, got, before[i])
			}
		}
		s.age()
	}
	if steps < 5 {
		t.Errorf("everything was copied in %d steps, want small ones", steps)
	}
	clash := 0
	for i, h := range hashes {
		if s.estimate(h) != before[i] {
			t.Fatalf("the estimate is %d, want %d as before", s.estimate(h), before[i])
		}
	}
	for i, h := range hashes[:items/2] {
		s.add(h)
		if got := s.estimate(h); got != min(before[i]+1, maxCount) {
			clash++
		}
	}
	if clash > items/20 {
		t.Errorf("%d of %d keys were not counted, want hardly any", clash, items/2)
	}
}

// TestSketchGrowsWhileCounting: what is counted half-way is kept.
func TestSketchGrowsWhileCounting(t *testing.T) {
	t.Parallel()
	const items = 10 * agingStep
	s := newSketch(items, nil)
	s.grow(2*items, nil)
	s.age()
	r := rand.New(rand.NewPCG(3, 4))
	var hashes []uint64
	for range 100 {
		h := r.Uint64()
		hashes = append(hashes, h)
		s.add(h)
	}
	for s.old != nil {
		s.age()
	}
	for _, h := range hashes {
		if s.estimate(h) == 0 {
			t.Error("a key that was counted while the sketch grew is forgotten")
		}
	}
}

// TestSketchAges: when there were agingPeriod additions for each item, every
// counter is halved, a bounded number of them at once; half a period later,
// again, for half of the additions still count.
func TestSketchAges(t *testing.T) {
	t.Parallel()
	const items = 4 * agingStep
	s := newSketch(items, nil)
	r := rand.New(rand.NewPCG(5, 6))
	var hashes []uint64
	for period, adds := range []int64{agingPeriod * items, agingPeriod * items / 2, agingPeriod * items / 2} {
		from := s.adds.Load()
		for s.adds.Load() < from+adds-1 {
			h := r.Uint64()
			if len(hashes) > 2*items {
				h = hashes[r.IntN(len(hashes))]
			} else {
				hashes = append(hashes, h)
			}
			s.add(h)
		}
		want := estimates(s, hashes)
		s.age()
		if s.aged < len(s.words) || !slices.Equal(estimates(s, hashes), want) {
			t.Fatalf("period %d: counters are halved one addition early", period)
		}
		for h := r.Uint64(); s.adds.Load() < from+adds; h = r.Uint64() {
			s.add(h)
		}
		want = estimates(s, hashes)
		for i := range want {
			want[i] /= 2
		}
		steps := 0
		for s.age(); s.aged < len(s.words); s.age() {
			steps++
		}
		if most := len(s.words)/agingStep + 1; steps+1 != most {
			t.Fatalf("period %d: everything was halved in %d steps, want %d", period, steps+1, most)
		}
		if !slices.Equal(estimates(s, hashes), want) {
			t.Fatalf("period %d: not all estimates are half of what they were", period)
		}
	}
}

// estimates returns the estimates of all hashes.
func estimates(s *sketch, hashes []uint64) []int {
	var all []int
	for _, h := range hashes {
		all = append(all, s.estimate(h))
	}
	return all
}
