package cache

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// filler fills a cache with items of any size, and looks inside.
type filler struct {
	t *testing.T
	c *Cache
	n int // items so far
}

// look calls f with the cache locked.
func (f *filler) look(see func(e *evictor)) {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	see(&f.c.evictor)
}

// until adds items of so many bytes, and leaves the background time for each.
func (f *filler) until(what string, size, most int, done func(e *evictor) bool) {
	f.t.Helper()
	value := []byte(strings.Repeat("v", size))
	for end := f.n + most; ; f.n++ {
		synctest.Wait()
		var is bool
		f.look(func(e *evictor) { is = done(e) })
		if is {
			return
		}
		if f.n == end {
			f.t.Fatalf("after %d items still not: %s", f.n, what)
		}
		// Nothing but the background may be short of memory.
		if err := f.c.Set(fmt.Sprintf("key:%d", f.n), value, 0); err != nil && !errors.Is(err, ErrMemoryLimit) {
			f.t.Fatal(err)
		}
	}
}

func hasSpare(e *evictor) bool { return e.spare != nil }

func isOn(e *evictor) bool { return e.on }

// fillerFor returns a cache of which 3/8 of the limit are taken.
func fillerFor(t *testing.T) *filler {
	const limit = 64 << 20
	f := &filler{t: t, c: open(t, Options{MaxMemory: limit, Compression: -1})}
	value := []byte(strings.Repeat("v", 200))
	for used := int64(0); used < limit*3/8; f.n++ {
		if err := f.c.Set(fmt.Sprintf("key:%d", f.n), value, 0); err != nil {
			t.Fatal(err)
		}
		f.look(func(*evictor) { used = f.c.used() })
	}
	return f
}

// TestSketchIsMadeAhead: the command that makes a cache watch its items finds the
// memory for the sketch ready, and only then is that there.
func TestSketchIsMadeAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := fillerFor(t)
		f.until("memory for a sketch", 200, 60_000, hasSpare)
		var ahead *uint64
		f.look(func(e *evictor) {
			if e.on || f.c.used() > f.c.set.MaxMemory/watchShare {
				t.Errorf("made with %d bytes in use, watched: %v; want it before", f.c.used(), e.on)
			}
			if own, spare := f.c.own(), bytesOf(e.spare); own < spare {
				t.Errorf("the cache's own are %d bytes, of which %d are ready for a sketch", own, spare)
			}
			ahead = &e.spare[0]
		})
		f.until("watched", 200, 60_000, isOn)
		f.look(func(e *evictor) {
			if &e.sketch.words[0] != ahead {
				t.Error("the memory that was ready was not taken")
			}
			if e.spare != nil {
				t.Error("a sketch that is large enough has another one ready")
			}
		})
	})
}

// TestSketchGrowsInTheBackground: no command makes the larger sketch for items that
// have become smaller, unless they are far more than expected.
func TestSketchGrowsInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := fillerFor(t)
		f.until("watched", 200, 60_000, isOn)
		f.look(func(e *evictor) {
			before := e.sketch.items
			if e.tend(3 * before); e.sketch.items != before {
				t.Errorf("the sketch for %d items is now one for %d: a command made it", before, e.sketch.items)
			}
			e.sketch.items = f.c.tree.Len() / 3 // as if it were for so few
		})
		f.until("a larger sketch", 200, 100, func(e *evictor) bool { return e.sketch.items >= f.c.tree.Len() })
		f.look(func(e *evictor) {
			if e.spare != nil {
				t.Error("memory is kept for another one")
			}
			for e.sketch.old != nil {
				e.sketch.age()
			}
			before := e.sketch.items
			f.c.changes()
			if e.tend(5 * before); e.sketch.items < 5*before {
				t.Errorf("the sketch for %d items stays as it is with %d", e.sketch.items, 5*before)
			}
		})
	})
}

// TestSpareGoes: a cache keeps no memory for a sketch when it has become far from
// its limit, or the limit another one, and finds out when the items have become
// others.
func TestSpareGoes(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(f *filler) (want bool){
		"far from the limit": func(f *filler) bool {
			for i := 1; i < 8; i++ { // about two ninths stay
				if _, err := f.c.MDelete(fmt.Sprintf("key:%d", i)); err != nil {
					t.Fatal(err)
				}
			}
			return false
		},
		"a lower limit": func(f *filler) bool {
			if err := f.c.SetMaxMemory(32 << 20); err != nil {
				t.Fatal(err)
			}
			return false
		},
		"smaller items": func(f *filler) bool {
			for i := range f.n {
				if err := f.c.Set(fmt.Sprintf("key:%d", i), []byte("v"), 0); err != nil {
					t.Fatal(err)
				}
			}
			f.until("memory for more items", 1, 900_000, func(e *evictor) bool {
				return fits(e.spare, sketchWords(f.c.capacity(f.c.usedByItems()))) && f.c.nearWatch(f.c.tree.Len())
			})
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := fillerFor(t)
				f.until("memory for a sketch", 200, 60_000, hasSpare)
				want := change(f)
				waitForReclaim(f.c) // and no further command
				f.look(func(e *evictor) {
					if hasSpare(e) != want {
						t.Errorf("%d bytes are in use and memory is kept for a sketch: %v, want %v", f.c.used(), hasSpare(e), want)
					}
				})
			})
		})
	}
}
