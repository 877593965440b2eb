package cache

import (
	"math/rand/v2"
	"testing"
)

// TestWheelWakesInTime adds, moves and rings timers and expects the wheel never
// to sleep past the beginning of a list, for its time would jump over it.
func TestWheelWakesInTime(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 12))
	var w wheel
	w.init(0)
	live := map[uint32]int64{}
	for now := int64(0); now < 1<<40; now += r.Int64N(1 << r.IntN(30)) {
		w.advance(now, -1, func(id uint32) {
			w.remove(id)
			delete(live, id)
		})
		for range r.IntN(4) {
			d := now + 1 + r.Int64N(1<<r.IntN(36))
			live[w.add([]byte("key"), d, 0)] = d
		}
		if id := pick(r, live); id != 0 && r.IntN(3) == 0 {
			live[id] = now + 1 + r.Int64N(1<<20)
			w.reset(id, live[id], 0)
		}
		if _, start := w.first(); w.wake > start {
			t.Fatalf("at %d: the wheel wakes at %d, but a list begins at %d", now, w.wake, start)
		}
	}
	for id := range live {
		w.remove(id)
	}
}
