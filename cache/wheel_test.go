package cache

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestWheelAgainstMap turns a wheel and a map of deadlines through the same
// random changes: both must ring the same timers at the same time, whatever
// the step of the clock and the limit on work.
func TestWheelAgainstMap(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for round := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, round))
		now := r.Int64N(1 << r.IntN(50))
		var w wheel
		w.init(now)
		waits := map[uint32]int64{} // deadlines
		deadline := func() int64 { return now + 1 + r.Int64N(1<<r.IntN(40)) }
		for range 3000 {
			switch r.IntN(10) {
			default:
				d := deadline()
				waits[w.add([]byte("key"), d, 0)] = d
			case 0, 1:
				if id := pick(r, waits); id != 0 {
					w.remove(id)
					delete(waits, id)
				}
			case 2:
				if id := pick(r, waits); id != 0 {
					waits[id] = deadline()
					w.reset(id, waits[id], 0)
				}
			case 3, 4, 5:
				now += r.Int64N(1 << r.IntN(36))
				rung := map[uint32]bool{}
				ring := func(id uint32) {
					if waits[id] > now || rung[id] {
						t.Fatalf("at %d: timer %d of %d rings, before: %v", now, id, waits[id], rung[id])
					}
					rung[id] = true
				}
				limit := -1
				if r.IntN(2) == 0 {
					limit = r.IntN(20)
				}
				done := w.advance(now, limit, ring)
				for id, d := range waits {
					if d <= now && !rung[id] && done {
						t.Fatalf("at %d: timer %d of %d does not ring", now, id, d)
					}
				}
				if !done && !w.due(now) {
					t.Fatalf("at %d: advance has more to do, but nothing is due", now)
				}
				for id := range rung {
					w.remove(id)
					delete(waits, id)
				}
			}
			if r.IntN(20) > 0 {
				continue
			}
			if err := w.check(); err != nil {
				t.Fatal(err)
			}
		}
		for id := range waits {
			w.remove(id)
		}
		if w.bytes() != 0 {
			t.Fatalf("the empty wheel takes %d bytes", w.bytes())
		}
	}
}

// pick returns a random key of m, 0 if m is empty. It depends on r and m only,
// so that a seed gives the same run again.
func pick[T any](r *rand.Rand, m map[uint32]T) uint32 {
	best, score := uint32(0), uint32(0)
	salt := r.Uint32() | 1
	for id := range m {
		if s := id*salt + 1; best == 0 || s > score {
			best, score = id, s
		}
	}
	return best
}

// TestWheelRingsAtTheDeadline tries every distance around the borders of the
// wheel's levels: nothing a millisecond before, the timer at its time.
func TestWheelRingsAtTheDeadline(t *testing.T) {
	t.Parallel()
	var distances []int64
	for level := range 7 {
		for d := int64(-2); d <= 2; d++ {
			distances = append(distances, max(1, 1<<(level*wheelBits)+d))
		}
	}
	for _, start := range []int64{0, 1, 63, 64, 4095, 1<<36 - 1, 1 << 50} {
		for _, d := range distances {
			var w wheel
			w.init(start)
			id := w.add(nil, start+d, 0)
			var rung []uint32
			ring := func(id uint32) { rung = append(rung, id) }
			if w.advance(start+d-1, -1, ring); len(rung) > 0 {
				t.Fatalf("from %d: timer rings before %d ms are over", start, d)
			}
			if w.advance(start+d, 100, ring); !slices.Equal(rung, []uint32{id}) {
				t.Fatalf("from %d: after %d ms these rang: %v", start, d, rung)
			}
		}
	}
}

// TestWheelWorkIsBounded: a step handles no more timers than it may, and the
// wheel jumps over idle years without work.
func TestWheelWorkIsBounded(t *testing.T) {
	t.Parallel()
	var w wheel
	w.init(0)
	const timers, limit = 1000, 7
	for i := range int64(timers) {
		w.add(nil, 1<<40+i, 0)
	}
	if !w.advance(1<<39, 0, nil) {
		t.Fatal("half a lifetime without timers is work")
	}
	rung, steps := 0, 0
	for {
		before := rung
		done := w.advance(1<<41, limit, func(uint32) { rung++ })
		if rung-before > limit {
			t.Fatalf("a step rang %d timers, want at most %d", rung-before, limit)
		}
		if done {
			break
		}
		steps++
	}
	// Every timer may move once per level before it rings.
	if rung != timers || steps > timers*wheelLevels/limit {
		t.Fatalf("%d timers rang in %d steps", rung, steps)
	}
}

// TestWheelWhenTheClockGoesBack: a clock that breaks its promise costs
// accuracy, not an endless loop.
func TestWheelWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	var w wheel
	w.init(0)
	w.advance(1000, -1, nil)
	w.add(nil, 500, 0)
	rung := 0
	if !w.advance(400, -1, func(uint32) { rung++ }) || rung != 1 {
		t.Fatalf("%d timers rang, want the one that is behind the wheel", rung)
	}
}

func TestSlab(t *testing.T) {
	t.Parallel()
	var s slab[int]
	taken := map[uint32]int{}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 5000 {
		if r.IntN(5) < 3 {
			id := s.take()
			if _, twice := taken[id]; twice || id == 0 {
				t.Fatalf("cell %d was handed out, taken before: %v", id, twice)
			}
			*s.at(id), taken[id] = i, i
		} else {
			if id := pick(r, taken); id != 0 {
				s.release(id)
				delete(taken, id)
			}
		}
	}
	for id, v := range taken {
		if *s.at(id) != v {
			t.Fatalf("cell %d holds %d, want %d", id, *s.at(id), v)
		}
		s.release(id)
	}
	if s.bytes() != 0 {
		t.Fatalf("the empty slab takes %d bytes", s.bytes())
	}
}

// TestSlabReleasesInPlace: what is free costs nothing, so that no command that
// ends many lives has to wait for memory, and goes back by the chunk, whoever is
// left.
func TestSlabReleasesInPlace(t *testing.T) {
	const cells = 100_000
	for _, last := range []uint32{1, cells / 2, cells} {
		var s slab[timer]
		for range cells {
			s.take()
		}
		full := s.bytes()
		id := uint32(0)
		releaseHalf := func() {
			for n := 0; n < cells/2-1; id++ {
				if id+1 != last {
					s.release(id + 1)
					n++
				}
			}
		}
		if n := testing.AllocsPerRun(1, releaseHalf); n != 0 {
			t.Errorf("releasing cells took %v allocations", n)
		}
		for ; id < cells; id++ {
			if id+1 != last {
				s.release(id + 1)
			}
		}
		if got, want := s.bytes(), 2*full*slabChunk/cells; s.live != 1 || got > want {
			t.Errorf("with cell %d alone of %d the slab takes %d bytes, want at most two chunks, %d", last, s.live, got, want)
		}
		// The numbers of what went are used again.
		for range cells - 1 {
			if id := s.take(); id > cells+slabChunk {
				t.Fatalf("cell %d was handed out", id)
			}
		}
		if got := s.bytes(); got > full {
			t.Errorf("%d bytes for as many cells as took %d", got, full)
		}
	}
}

// TestSlabKeepsOneChunk: a cell that comes and goes does not cost an allocation
// each time.
func TestSlabKeepsOneChunk(t *testing.T) {
	var s slab[timer]
	for range slabChunk {
		s.take()
	}
	s.release(s.take()) // a chunk of its own
	if n := testing.AllocsPerRun(100, func() { s.release(s.take()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestKeystore(t *testing.T) {
	t.Parallel()
	var s keystore
	keys := map[uint32]string{}
	for n := 1; n < 200; n++ {
		key := fmt.Sprintf("%0*d", n, n)
		keys[s.add([]byte(key))] = key
	}
	if s.add(nil) != 0 {
		t.Error("an empty key takes a fragment")
	}
	for id, key := range keys {
		if got := s.appendTo([]byte("x"), id, len(key)); string(got) != "x"+key {
			t.Fatalf("key %q came back as %q", key, got)
		}
		s.remove(id)
	}
	if s.fragments.live != 0 {
		t.Fatalf("%d fragments are left", s.fragments.live)
	}
}

// TestWheelRingsAgain: a timer that is given a time that is over while it rings
// rings again, in the same step or the next.
func TestWheelRingsAgain(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{-1, 1, 2, 7} {
		var w wheel
		w.init(0)
		id := w.add([]byte("key"), 1000, 0)
		rings := 0
		ring := func(id uint32) {
			if rings++; rings < 5 {
				w.reset(id, 1000, 0)
			}
		}
		for now := int64(1000); !w.advance(now, limit, ring); now++ {
			if !w.due(now) {
				t.Fatalf("%d at a time: nothing is due after %d rings", limit, rings)
			}
			if err := w.check(); err != nil {
				t.Fatal(err)
			}
		}
		if rings != 5 {
			t.Errorf("%d at a time: %d rings, want 5", limit, rings)
		}
		w.remove(id)
	}
}
