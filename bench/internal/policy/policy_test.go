package policy

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// zigzag is longer than the capacities tested and repeats some keys.
func zigzag(n int) []uint64 {
	rng := rand.New(rand.NewPCG(1, 1))
	keys := make([]uint64, n)
	for i := range keys {
		keys[i] = uint64(math.Sqrt(float64(rng.IntN(1_000_000))))
	}
	return keys
}

func TestIdealByHand(t *testing.T) {
	// Capacity 2: 1 and 2 are stored; 3 is never needed again, so it is not;
	// both repetitions hit; 4 takes the place of 1, which is not needed again.
	keys := []uint64{1, 2, 3, 1, 2, 4, 4, 2}
	want := []bool{false, false, false, true, true, false, true, true}
	p := newIdeal(2, keys)
	for i, k := range keys {
		if hit := p.Request(k); hit != want[i] {
			t.Errorf("request %d of key %d: hit %t, want %t", i, k, hit, want[i])
		}
	}
}

// best returns the most hits that any decisions lead to, by trying all.
func best(keys []uint64, capacity int, held map[uint64]bool) int {
	if len(keys) == 0 {
		return 0
	}
	k, rest := keys[0], keys[1:]
	if held[k] {
		return 1 + best(rest, capacity, held)
	}
	most := best(rest, capacity, held) // not stored
	with := func(without uint64, evict bool) {
		next := map[uint64]bool{k: true}
		for h := range held {
			if !evict || h != without {
				next[h] = true
			}
		}
		most = max(most, best(rest, capacity, next))
	}
	if len(held) < capacity {
		with(0, false)
		return most
	}
	for h := range held {
		with(h, true)
	}
	return most
}

func TestIdealIsTheBestOfAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		keys := make([]uint64, 11)
		for i := range keys {
			keys[i] = uint64(rng.IntN(5))
		}
		got := int(math.Round(HitRatio(newIdeal(2, keys), keys) * float64(len(keys))))
		if want := best(keys, 2, nil); got != want {
			t.Fatalf("%v: %d hits, the best is %d", keys, got, want)
		}
	}
}

func TestPoliciesBetweenNothingAndIdeal(t *testing.T) {
	keys := zigzag(50_000)
	const capacity = 200
	bound := HitRatio(newIdeal(capacity, keys), keys)
	for _, kind := range Kinds() {
		p, err := kind.New(capacity, keys)
		if errors.Is(err, ErrUnsupported) {
			t.Logf("%s: %v", kind.Name, err)
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", kind.Name, err)
		}
		ratio := HitRatio(p, keys)
		if ratio <= 0.05 || ratio > bound {
			t.Errorf("%s: hit ratio %.3f, want above 0.05 and at most the ideal %.3f", kind.Name, ratio, bound)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestLRUsByHand(t *testing.T) {
	exact, err := newLRU(2)
	if err != nil {
		t.Fatal(err)
	}
	// With as many samples as that, the sampled one is all but exact.
	for name, p := range map[string]Policy{"exact": exact, "sampled": newSampledLRU(2, 64)} {
		for i, want := range []struct {
			key uint64
			hit bool
		}{{1, false}, {2, false}, {1, true}, {3, false}, {1, true}, {2, false}} {
			if hit := p.Request(want.key); hit != want.hit {
				t.Errorf("%s: request %d of key %d: hit %t, want %t", name, i, want.key, hit, want.hit)
			}
		}
	}
}
