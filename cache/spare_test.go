package cache

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// TestSketchIsMadeAhead: the command that makes a cache watch its items, or that
// makes the sketch too small for them, finds the memory for the next one ready.
func TestSketchIsMadeAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const limit = 64 << 20
		c := open(t, Options{MaxMemory: limit, Compression: -1})
		e := &c.evictor
		n := 0
		// until adds items of so many bytes, and leaves the background time.
		until := func(what string, size, most int, done func() bool) {
			t.Helper()
			value := strings.Repeat("v", size)
			for end := n + most; !done(); n++ {
				if n == end {
					t.Fatalf("%d items and %d bytes, and still not: %s", c.tree.Len(), c.used(), what)
				}
				set(t, c, fmt.Sprintf("key:%d", n), value, 0)
				if n%100 == 0 {
					synctest.Wait()
				}
			}
			synctest.Wait()
		}

		until("memory for a sketch", 200, 200_000, func() bool { return e.spare != nil })
		if e.on || c.used() > limit/watchShare {
			t.Fatalf("made with %d bytes in use, watched: %v; want it before", c.used(), e.on)
		}
		own := c.own()
		if spare := bytesOf(e.spare); own < spare {
			t.Errorf("the cache's own are %d bytes, of which %d are ready for a sketch", own, spare)
		}
		ahead := &e.spare[0]
		until("watched", 200, 100_000, func() bool { return e.on })
		if &e.sketch.words[0] != ahead {
			t.Error("the memory that was ready was not taken")
		}
		if e.spare != nil {
			t.Error("a sketch that is large enough has another one ready")
		}

		// At the limit items become smaller, so that there are more of them.
		until("full", 200, 300_000, func() bool { return c.figures.evicted > 0 })
		until("memory for a larger sketch", 1, 2_000_000, func() bool { return e.spare != nil })
		ahead = &e.spare[0]
		until("a larger sketch", 1, 500_000, func() bool { return e.sketch.old != nil })
		if &e.sketch.words[0] != ahead {
			t.Error("the memory that was ready for the larger sketch was not taken")
		}
	})
}

// TestSpareGoes: a cache that has become far from its limit keeps no memory for a
// sketch.
func TestSpareGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{MaxMemory: 64 << 20, Compression: -1})
		value := strings.Repeat("v", 200)
		for n := 0; c.evictor.spare == nil; n++ {
			if c.evictor.on {
				t.Fatal("watched, and nothing was ready")
			}
			set(t, c, fmt.Sprintf("key:%d", n), value, 0)
			if n%100 == 0 {
				synctest.Wait()
			}
		}
		for i := 1; i < 8; i++ { // about two ninths stay
			if _, err := c.MDelete(fmt.Sprintf("key:%d", i)); err != nil {
				t.Fatal(err)
			}
		}
		waitForReclaim(c) // and no further command
		if c.evictor.spare != nil {
			t.Errorf("%d bytes are in use, and memory is kept for a sketch", c.used())
		}
	})
}
