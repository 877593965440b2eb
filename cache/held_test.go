//go:build !race

package cache

// Not with the race detector: one goroutine stores millions of items.

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// TestHeldAtTheLimit: whatever the holes are like, the system gives not much more
// than the limit, values are stored as long as there is room, and hardly an item
// goes for a hole.
func TestHeldAtTheLimit(t *testing.T) {
	t.Parallel()
	if !OffHeap {
		t.Skip("memory does not go back")
	}
	for name, tc := range map[string]struct {
		first, every int  // bytes of the values at first, of which every so many
		stay         bool // stay, or go
		then         int  // bytes of those that follow
	}{
		"few small ones stay":        {100, 6, true, 20_000},
		"few small, very large":      {100, 6, true, 1 << 20},
		"most small ones stay":       {100, 3, false, 20_000},
		"nearly all small ones stay": {100, 11, false, 20_000},
		"few large ones stay":        {17_000, 3, true, 50_000},
		"most middling ones stay":    {1_000, 3, false, 900},
	} {
		for _, policy := range []Eviction{EvictLFU, EvictGCRatio} {
			t.Run(fmt.Sprint(name, ", ", policy), func(t *testing.T) {
				t.Parallel()
				testHeldAtTheLimit(t, policy, tc.first, tc.then, func(i int) bool { return (i%tc.every == 0) == tc.stay })
			})
		}
	}
}

func testHeldAtTheLimit(t *testing.T, policy Eviction, first, then int, stays func(i int) bool) {
	const limit = 64 << 20
	c, clock := withClock(t, Options{MaxMemory: limit, Eviction: policy, Compression: -1, GCRatio: time.Second})
	var most int64
	// store stores values until so much is used or one is refused.
	store := func(prefix string, size int, enough int64) (n int, refused bool) {
		value := make([]byte, size)
		for ; ; n++ {
			if n%16 == 0 || size > 10_000 {
				st := stats(t, c)
				most = max(most, st.MemoryHeld)
				if st.MemoryUsed >= enough {
					return n, false
				}
			}
			switch err := c.Set(fmt.Sprint(prefix, n), value, 0); {
			case errors.Is(err, ErrMemoryLimit):
				return n, true
			case err != nil:
				t.Fatal(err)
			}
		}
	}
	n, _ := store("first:", first, limit*15/16)
	for i := range n {
		if key := fmt.Sprint("first:", i); !stays(i) {
			if _, err := c.Delete(key); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := stats(t, c)
	_, refused := store("then:", then, limit*7/8)
	after := stats(t, c)
	if refused {
		t.Errorf("refused with %d of %d bytes used, %d held", after.MemoryUsed, limit, after.MemoryHeld)
	}
	if gone := after.EvictedItems - before.EvictedItems; gone > before.Items/20 {
		t.Errorf("%d of %d items were evicted for holes", gone, before.Items)
	}
	if most > limit+limit/heldShare+2*heldSlack {
		t.Errorf("%d bytes were held at a limit of %d", most, limit)
	}
	// At the limit, whatever of it is reached, the policy does what it is for.
	for i := range 2 * limit / then {
		if err := c.Set(fmt.Sprint("last:", i), make([]byte, then), 0); err != nil && policy.evicts() {
			t.Fatal(err)
		}
	}
	clock.advance(time.Minute)
	if err := c.Set("new", make([]byte, then), 0); err != nil {
		t.Errorf("%v after a minute", err)
	}
}
