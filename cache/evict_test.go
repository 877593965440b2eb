package cache

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var evicting = []Eviction{EvictLFU, EvictLRU}

// TestEvictionMakesRoom: SET stores at the limit, the limit holds, and locked
// items stay.
func TestEvictionMakesRoom(t *testing.T) {
	t.Parallel()
	for _, policy := range evicting {
		const limit = 1 << 20
		c, _ := withClock(t, Options{MaxMemory: limit, Eviction: policy, Compression: -1})
		r := rand.New(rand.NewPCG(1, uint64(policy)))
		for i := range 20 {
			key := fmt.Sprintf("locked:%d", i)
			set(t, c, key, "stay", 0)
			if _, err := c.Lock(key, Forever); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 20000 {
			key, val := fmt.Sprintf("key:%d", r.IntN(5000)), bytes.Repeat([]byte{byte(i)}, 1+r.IntN(1000))
			set(t, c, key, string(val), 0)
			want(t, c, key, string(val))
			if _, err := c.Inc(fmt.Sprintf("number:%d", i)); err != nil {
				t.Fatal(err)
			}
		}
		s, err := c.Stats()
		if err != nil || s.MemoryPeak > limit+limit/50 {
			t.Errorf("%v: at most %d bytes were taken, want at most %d, %v", policy, s.MemoryPeak, limit, err)
		}
		if s.MemoryUsed < limit*9/10 {
			t.Errorf("%v: %d bytes are taken, want nearly %d", policy, s.MemoryUsed, limit)
		}
		for i := range 20 {
			want(t, c, fmt.Sprintf("locked:%d", i), "stay")
		}
		do(t, c, func(b *Batch) {
			if b.Full() {
				t.Errorf("%v: Full", policy)
			}
		})
	}
}

// TestMaxItems: the limit on items is exact, and the item that is stored is
// never the victim.
func TestMaxItems(t *testing.T) {
	t.Parallel()
	for _, policy := range evicting {
		for _, limit := range []int64{1, 2, 3, 100} {
			c, _ := withClock(t, Options{MaxItems: limit, Eviction: policy})
			for i := range 1000 {
				key := fmt.Sprint("key:", i%300)
				set(t, c, key, "v", 0)
				want(t, c, key, "v")
				n, err := c.Count("k")
				if n > limit || err != nil {
					t.Fatalf("%v: %d items, %v, want at most %d", policy, n, err, limit)
				}
			}
			if n, err := c.Count("k"); n != limit || err != nil {
				t.Errorf("%v: %d items, %v, want %d", policy, n, err, limit)
			}
		}
	}
	c, _ := withClock(t, Options{MaxItems: 2, Eviction: EvictNone})
	set(t, c, "a", "v", 0)
	set(t, c, "b", "v", 0)
	if err := c.Set("c", []byte("v"), 0); err != ErrMemoryLimit {
		t.Errorf("a third item: %v, want %v", err, ErrMemoryLimit)
	}
}

// TestRefusedRequestsEvictNothing: neither a locked item nor a value that no
// cache of that limit could hold costs others their place.
func TestRefusedRequestsEvictNothing(t *testing.T) {
	t.Parallel()
	for _, policy := range evicting {
		const limit = 200 << 10
		c, _ := withClock(t, Options{MaxMemory: limit, Eviction: policy, Compression: -1})
		for i := range 1000 {
			set(t, c, fmt.Sprintf("key:%d", i), string(make([]byte, 1000)), 0)
		}
		set(t, c, "locked", "v", 0)
		if _, err := c.Lock("locked", Forever); err != nil {
			t.Fatal(err)
		}
		before := keysOf(t, c, "k")
		for name, err := range map[string]error{
			"locked":    c.Set("locked", make([]byte, 50000), 0),
			"too large": c.Set("large", make([]byte, limit+1), 0),
		} {
			if err == nil {
				t.Errorf("%v: %s: no error", policy, name)
			}
		}
		if n, err := c.MSet("key:", make([]byte, 20000)); err != ErrMemoryLimit {
			t.Errorf("%v: MSet of more than fits: %d, %v", policy, n, err)
		}
		if after := keysOf(t, c, "k"); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("%v: %d items before, %d after", policy, len(before), len(after))
		}
	}
}

// TestMSetEvictsOthers: the family of an MSET stays whole.
func TestMSetEvictsOthers(t *testing.T) {
	t.Parallel()
	for _, policy := range evicting {
		const limit = 400 << 10
		c, _ := withClock(t, Options{MaxMemory: limit, Eviction: policy, Compression: -1})
		for i := range 20 {
			set(t, c, fmt.Sprintf("family:%d", i), "v", 0)
		}
		for i := range 1000 {
			set(t, c, fmt.Sprintf("a:%d", i), string(make([]byte, 100)), 0)
			set(t, c, fmt.Sprintf("z:%d", i), string(make([]byte, 100)), 0)
		}
		n, err := c.Count("family:")
		if err != nil || n == 0 {
			t.Fatalf("%v: %d, %v", policy, n, err)
		}
		if got, err := c.MSet("family:", make([]byte, 15000)); got != n || err != nil {
			t.Errorf("%v: MSet: %d, %v, want %d", policy, got, err, n)
		}
		if s, err := c.Stats(); s.MemoryUsed > limit || err != nil {
			t.Errorf("%v: %d bytes are taken, want at most %d, %v", policy, s.MemoryUsed, limit, err)
		}
	}
}

// TestExpiredItemsGoFirst: nothing alive goes while there is something that is
// over, even in a batch that has far more of it than Begin removes.
func TestExpiredItemsGoFirst(t *testing.T) {
	t.Parallel()
	const short, live = 600, 300
	for name, opts := range map[string]Options{
		"items":  {MaxItems: short + live},
		"memory": {MaxMemory: 1 << 20, Compression: -1},
	} {
		for _, policy := range evicting {
			opts.Eviction = policy
			c, clock := withClock(t, opts)
			val := string(make([]byte, 1000)) // of 900 items: about nine tenths of the memory
			for i := range short {
				set(t, c, fmt.Sprintf("short:%03d", i), val, time.Second)
				if i%2 == 0 {
					set(t, c, fmt.Sprintf("live:%03d", i), val, 0)
				}
			}
			clock.advance(time.Second)
			do(t, c, func(b *Batch) {
				for i := range short {
					if err := b.Set(0, fmt.Appendf(nil, "new:%03d", i), []byte(val)); err != nil {
						t.Fatal(err)
					}
				}
			})
			if n, err := c.Count("live:"); n != live || err != nil {
				t.Errorf("%s, %v: %d items are left, %v, want %d", name, policy, n, err, live)
			}
			if s := stats(t, c); s.Items != short+live || s.EvictedItems != 0 || s.ExpiredItems != short {
				t.Errorf("%s, %v: %d items, %d evicted, %d expired, want %d, none, %d",
					name, policy, s.Items, s.EvictedItems, s.ExpiredItems, short+live, short)
			}
		}
	}
}

// TestGrowingItemsStay: a SET that replaces an item makes others go for what
// the item grows by, locked ones if there are no others, never the item itself.
func TestGrowingItemsStay(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	for _, policy := range evicting {
		for _, test := range []struct {
			keys   int
			locked bool // all others are
		}{{3, false}, {20, false}, {200, false}, {3, true}, {20, true}} {
			synctest.Test(t, func(t *testing.T) {
				var e events
				c, _ := withClock(t, Options{MaxMemory: limit, Eviction: policy, Compression: -1, OnRemove: e.add})
				r := rand.New(rand.NewPCG(uint64(test.keys), uint64(policy)))
				gone := 0
				for i := range 10 * test.keys {
					// In turns, twice each: what was used longest ago, and what is new.
					key, val := fmt.Sprint("key:", i/2%test.keys), make([]byte, 1+r.IntN(3*limit/test.keys))
					if _, err := c.Unlock(key); err != nil {
						t.Fatal(err)
					}
					set(t, c, key, string(val[:min(len(val), limit/2)]), 0)
					if test.locked {
						if _, err := c.Lock(key, Forever); err != nil {
							t.Fatal(err)
						}
					}
					synctest.Wait()
					if slices.Contains(e.all, key+" evicted") {
						t.Errorf("%v, %+v: SET %d evicted its own item", policy, test, i)
					}
					gone += len(e.all)
					e.all = nil
				}
				if gone == 0 {
					t.Errorf("%v, %+v: nothing was evicted", policy, test)
				}
			})
		}
	}
}

// TestRoomIsMadeInSteps: however much is over or detached, a SET at the limit
// removes no more than it needs and a constant.
func TestRoomIsMadeInSteps(t *testing.T) {
	t.Parallel()
	const items = 20_000
	for _, policy := range evicting {
		c, clock := withClock(t, Options{MaxMemory: 16 << 20, Eviction: policy, Compression: -1})
		for i := range items {
			set(t, c, fmt.Sprintf("over:%05d", i), "value", time.Second)
			set(t, c, fmt.Sprintf("detached:%05d", i), "value", 0)
		}
		clock.advance(time.Second)
		do(t, c, func(b *Batch) {
			if _, err := b.MDelete([]byte("detached:")); err != nil {
				t.Fatal(err)
			}
			// MDELETE removed what is over; once more.
			for i := range items {
				if err := b.Set(1, fmt.Appendf(nil, "over:%05d", i), []byte("value")); err != nil {
					t.Fatal(err)
				}
			}
		})
		clock.advance(time.Second)
		do(t, c, func(b *Batch) {
			c.set.MaxMemory = 64 << 10 // as a lowered limit or more overhead would
			used, left := c.used(), c.tree.Len()
			for range 3 {
				if err := b.Set(0, []byte("new"), []byte("value")); err != nil {
					t.Fatal(err)
				}
				if freed := used - c.used(); freed > 3*evictBytes {
					t.Errorf("%v: a SET freed %d bytes, want about %d at the most", policy, freed, evictBytes)
				}
				if gone := left - c.tree.Len(); gone > 2*evictTimers {
					t.Errorf("%v: a SET removed %d items", policy, gone)
				}
				used, left = c.used(), c.tree.Len()
			}
			c.set.MaxMemory = 16 << 20
		})
	}
}

// TestVictimsAreFew: however far the limits are exceeded, a SET costs no more
// items their place than its size allows.
func TestVictimsAreFew(t *testing.T) {
	t.Parallel()
	const items = 20_000
	for name, lower := range map[string]func(s *settings){
		"items":  func(s *settings) { s.MaxItems = 100 },
		"memory": func(s *settings) { s.MaxMemory = 64 << 10 }, // as SetMaxMemory or more overhead would
	} {
		for _, policy := range evicting {
			c, _ := withClock(t, Options{MaxMemory: 16 << 20, Eviction: policy, Compression: -1})
			for i := range items {
				set(t, c, fmt.Sprintf("%05d", i), "v", 0)
			}
			do(t, c, func(b *Batch) {
				full := c.set
				lower(&c.set)
				for _, size := range []int{1, 1000, 10_000} {
					key, left, evicted := fmt.Appendf(nil, "new:%05d", size), c.tree.Len(), c.figures.evicted
					if err := b.Set(0, key, make([]byte, size)); err != nil {
						t.Fatal(err)
					}
					need := len(key) + headerSize + timerSize + leafCost + size
					gone, most := left+1-c.tree.Len(), evictItems+need/bytesPerVictim
					if gone == 0 || gone > most || c.figures.evicted-evicted != int64(gone) {
						t.Errorf("%s, %v: a SET of %d bytes removed %d items and counted %d, want at most %d",
							name, policy, size, gone, c.figures.evicted-evicted, most)
					}
				}
				// Field by field: the background reads others meanwhile.
				c.set.MaxItems, c.set.MaxMemory = full.MaxItems, full.MaxMemory
			})
		}
	}
}

// TestMSetTakesDetachedMemory: what MDELETE removed is no reason to refuse.
func TestMSetTakesDetachedMemory(t *testing.T) {
	t.Parallel()
	for _, policy := range []Eviction{EvictLFU, EvictNone} {
		c, _ := withClock(t, Options{MaxMemory: 4 << 20, Eviction: policy, Compression: -1})
		do(t, c, func(b *Batch) {
			val := bytes.Repeat([]byte("v"), 1400)
			for i := range 2500 {
				for _, key := range []string{fmt.Sprintf("old:%d", i), fmt.Sprintf("stay:%d", i)} {
					if err := b.Set(0, []byte(key), val[:700]); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := b.MDelete([]byte("old:")); err != nil {
				t.Fatal(err)
			}
			if n, err := b.MSet([]byte("stay:"), val); err != nil || n != 2500 {
				t.Errorf("%v: MSet: %d, %v, want 2500", policy, n, err)
			}
		})
	}
}

// TestLockedItemsGoLast: they do go when there is nothing else.
func TestLockedItemsGoLast(t *testing.T) {
	t.Parallel()
	for _, policy := range evicting {
		const limit = 500
		c, _ := withClock(t, Options{MaxItems: limit, Eviction: policy})
		for i := range limit {
			set(t, c, fmt.Sprint("key:", i), "v", 0)
		}
		if _, err := c.MLock("key:", Forever); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Unlock("key:77"); err != nil {
			t.Fatal(err)
		}
		set(t, c, "a", "v", 0)
		want(t, c, "key:77", "")
		if _, err := c.Lock("a", Forever); err != nil {
			t.Fatal(err)
		}
		set(t, c, "b", "v", 0)
		want(t, c, "b", "v")
		if n, err := c.Count("key:"); n+2-1 > limit || err != nil {
			t.Errorf("%v: %d items, %v", policy, n, err)
		}
	}
}

// TestWindowForgets: items that come and go below the limit do not pile up in
// the queue.
func TestWindowForgets(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{MaxItems: 1000})
	for i := range 100_000 {
		key := fmt.Sprint("key:", i%100)
		set(t, c, key, "v", 0)
		if _, err := c.Delete(key); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.evictor.window.entries; n > weedSpare+10 {
		t.Errorf("%d entries for no items", n)
	}
	if c.evictor.waiting != 0 {
		t.Errorf("%d items wait, there are none", c.evictor.waiting)
	}
}

// TestWatchingEnds: a cache far below its limit holds nothing for eviction.
func TestWatchingEnds(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{MaxMemory: 1 << 20, Compression: -1})
	store := func() {
		for i := range 700 {
			if c.evictor.on {
				return
			}
			set(t, c, fmt.Sprintf("key:%d", i), string(make([]byte, 1000)), 0)
		}
	}
	if store(); !c.evictor.on || c.evictor.sketch == nil {
		t.Fatal("nothing is watched above half of the limit")
	}
	if used := c.used(); used < 512<<10-2000 {
		t.Errorf("watched from %d bytes on", used)
	}
	if _, err := c.MDelete("key:"); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		set(t, c, "one", "v", 0)
	}
	if c.evictor.on || c.evictor.sketch != nil {
		t.Error("still watched far below the limit")
	}
	if store(); !c.evictor.on {
		t.Error("not watched the second time")
	}
}

// TestWindowOutlivesWatching: entries of the window are dropped after the use
// of items is no longer watched, too.
func TestWindowOutlivesWatching(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{MaxMemory: 4 << 20, Compression: -1})
	const items = 15_000
	val := string(bytes.Repeat([]byte("v"), 200))
	for i := range items {
		set(t, c, fmt.Sprint("key:", i), val, 0)
	}
	for i := range items {
		if i%100 != 0 {
			if _, err := c.Delete(fmt.Sprint("key:", i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range items {
		set(t, c, fmt.Sprint("new:", i%100), val, 0)
	}
	if c.evictor.on || c.evictor.window.entries > 2*c.evictor.waiting+weedSpare {
		t.Errorf("watching: %v; the window has %d entries for %d items", c.evictor.on, c.evictor.window.entries, c.evictor.waiting)
	}
}

// TestEvictionAmidAllCommands runs random commands of every kind on caches that
// are always full: the limits hold after each, nothing is refused for want of
// memory, and all invariants hold.
func TestEvictionAmidAllCommands(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		policy := evicting[seed%2]
		r := rand.New(rand.NewPCG(seed, 9))
		opts := Options{MaxItems: 60, Eviction: policy, Compression: 100}
		if seed >= 4 {
			opts = Options{MaxMemory: 150 << 10, Eviction: policy, Compression: -1}
		}
		c, clock := withClock(t, opts)
		m := &cacheModel{items: map[string]*modelItem{}} // for its commands only
		for step := range 20_000 {
			clock.advance(modelPause(r))
			do(t, c, func(b *Batch) {
				cmd := m.command(r)
				got := cmd.real(b)
				if got == ErrMemoryLimit.Error() {
					// A family of large values may be more than fits.
					if !bytes.HasPrefix([]byte(cmd.name), []byte("MSet")) {
						t.Fatalf("%v: %.100s = %s", policy, cmd.name, got)
					}
				}
				if n := int64(c.tree.Len()); opts.MaxItems > 0 && n > opts.MaxItems {
					t.Fatalf("%v: %.100s: %d items, want at most %d", policy, cmd.name, n, opts.MaxItems)
				}
				if step%500 == 0 {
					if err := c.check(); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

// TestEvictionAmidReaders: readers note uses beside each other.
func TestEvictionAmidReaders(t *testing.T) {
	t.Parallel()
	for _, policy := range evicting {
		c := open(t, Options{MaxItems: 500, Eviction: policy})
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(g), 1))
				for i := range 5000 {
					key := fmt.Sprint("key:", r.IntN(100+i))
					if _, ok, err := c.Get(key); err != nil {
						t.Error(err)
					} else if !ok {
						if err := c.Set(key, []byte("v"), 0); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
	}
}

// TestTheSecondIsLookedAtAgain: what nearly went is compared with the next
// sample, as it is by then, unless it has gone.
func TestTheSecondIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	const items = 1000
	for _, policy := range []Eviction{EvictLFU, EvictLRU} {
		for _, test := range []struct {
			name       string
			change     func(c *Cache) error
			stays, hit bool
		}{
			{"as it was", func(*Cache) error { return nil }, false, true},
			{"gone", func(c *Cache) error { _, err := c.Delete("second"); return err }, false, false},
			{"locked", func(c *Cache) error { _, err := c.Lock("second", Forever); return err }, true, true},
		} {
			c, _ := withClock(t, Options{MaxItems: items, Eviction: policy})
			set(t, c, "second", "v", 0)
			for i := range items - 1 {
				set(t, c, fmt.Sprintf("x:%03d", i), "v", 0)
			}
			// Nothing is in the window, and nothing else is worse.
			do(t, c, func(b *Batch) {
				for c.evictor.window.entries > 0 {
					c.leave(&demand{}, b.now, false)
				}
				c.evictor.second.keep([]byte("second"))
			})
			if err := test.change(c); err != nil {
				t.Fatal(err)
			}
			if !test.hit {
				set(t, c, "another", "v", 0) // in its place
			}
			set(t, c, "new", "v", 0)
			if _, ok, err := c.Get("second"); ok != test.stays || err != nil {
				t.Errorf("%v, %s: it is there: %v, %v, want %v", policy, test.name, ok, err, test.stays)
			}
		}
	}
}

// TestAgesWhenTheWallClockStepsBack: what was used just now is young, although the
// present epoch began at a later time of day.
func TestAgesWhenTheWallClockStepsBack(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{MaxItems: 1000, Eviction: EvictLRU})
	for i := range 200 {
		set(t, c, fmt.Sprintf("k:%03d", i), "v", 0)
	}
	clock.wall.Add(-int64(time.Hour))
	clock.advance(2 * time.Second)
	want(t, c, "k:000", "v")
	do(t, c, func(*Batch) {
		if age := c.evictor.age(item(c.tree.Find([]byte("k:000")))); age > 1 {
			t.Errorf("an item that was used just now is %d epochs old", age)
		}
		if age := c.evictor.age(item(c.tree.Find([]byte("k:100")))); age > 8 {
			t.Errorf("an item from before the step is %d epochs old", age)
		}
	})
}
