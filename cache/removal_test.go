package cache

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// events collects what OnRemove is told.
type events struct {
	mu  sync.Mutex
	all []string
}

func (e *events) add(key string, cause Cause) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, fmt.Sprint(key, " ", cause))
}

func (e *events) want(t *testing.T, want ...string) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Equal(e.all, want) {
		t.Errorf("events %q, want %q", e.all, want)
	}
	e.all = nil
}

func TestOnRemove(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var e events
		c := open(t, Options{MaxItems: 3, Eviction: EvictLRU, OnRemove: e.add})
		set(t, c, "a", "v", time.Second)
		set(t, c, "b", "v", 0)
		set(t, c, "b", "w", 0)
		if _, err := c.Delete("b"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		e.want(t, "a expired")
		for i := range 4 {
			set(t, c, fmt.Sprint("f:", i), "v", 0)
		}
		synctest.Wait()
		e.mu.Lock()
		if len(e.all) != 1 {
			t.Errorf("events %q, want one", e.all)
		}
		e.all = nil
		e.mu.Unlock()
		// A family is one event, with locks under it or without.
		left := keysOf(t, c, "f:")
		if _, err := c.Lock(left[0], Forever); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if n, err := c.MDelete("f:"); n == 0 || err != nil {
				t.Fatal(n, err)
			}
			if n, err := c.MDelete("f:"); n != 0 || err != nil {
				t.Fatal(n, err)
			}
			if _, err := c.MUnlock("f:"); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		e.want(t, "f: family deleted", "f: family deleted")
		set(t, c, "a", "v", 0)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		e.want(t)
	})
}

// TestEveryEndIsToldOnce: an item whose life is over is one event and counts
// once, whoever meets it first: Begin, a command on its key or on its family.
func TestEveryEndIsToldOnce(t *testing.T) {
	t.Parallel()
	const items = 3 * beginWork
	for _, cmd := range gone {
		synctest.Test(t, func(t *testing.T) {
			var e events
			c, clock := withClock(t, Options{OnRemove: e.add})
			var want []string
			for i := range items {
				key := fmt.Sprintf("x:%03d", i)
				set(t, c, key, "41", time.Second)
				want = append(want, key+" expired")
			}
			set(t, c, "other", "v", 0)
			clock.advance(time.Second)
			do(t, c, func(b *Batch) {
				for i := range items {
					_, _ = cmd.fn(b, fmt.Appendf(nil, "x:%03d", i), []byte("x:"))
				}
				if s := b.Stats(); s.ExpiredItems != items || s.EvictedItems != 0 {
					t.Errorf("%s: %d expired and %d evicted items, want %d, none", cmd.name, s.ExpiredItems, s.EvictedItems, items)
				}
			})
			synctest.Wait()
			slices.Sort(e.all)
			e.want(t, want...)
		})
	}
}

// TestCollectedItemsAreEvicted: what a pass of EvictGCRatio removes is one event
// each and counts.
func TestCollectedItemsAreEvicted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var e events
		c, clock := withClock(t, Options{MaxMemory: 400 << 10, Eviction: EvictGCRatio, GCRatio: 10 * time.Second, GCInterval: 10 * time.Second, OnRemove: e.add})
		var want []string
		for i := range fill(t, c) {
			want = append(want, fmt.Sprintf("mem:%04d evicted", i))
		}
		const used = 5
		clock.advance(time.Second)
		for i := range used {
			if _, ok, err := c.Get(fmt.Sprintf("mem:%04d", i)); !ok || err != nil {
				t.Fatal(i, ok, err)
			}
		}
		want = want[used:]
		clock.advance(9 * time.Second)
		if s := stats(t, c); s.Items != used || s.EvictedItems != int64(len(want)) || s.ExpiredItems != 0 {
			t.Errorf("%d items, %d evicted, %d expired, want %d, %d, none", s.Items, s.EvictedItems, s.ExpiredItems, used, len(want))
		}
		synctest.Wait()
		e.want(t, want...)
	})
}

// TestCollectedItemsMayBeOver: an item whose life is over has expired, even if a
// pass of EvictGCRatio meets it before its timer has rung.
func TestCollectedItemsMayBeOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, clock := withClock(t, Options{MaxMemory: 400 << 10, Eviction: EvictGCRatio, GCRatio: 10 * time.Second, GCInterval: 10 * time.Second})
		// Lives take the cache beyond its limit, so that it is still full when
		// those whose turn it is are gone.
		items := int64(0)
		for ; c.Set(fmt.Sprintf("mem:%d", items), []byte("v"), Forever) == nil; items++ {
		}
		if n, err := c.MTTL("mem:", 10*time.Second); n != items || n < 10*beginWork || err != nil {
			t.Fatalf("MTTL = %d, %v, want %d", n, err, items)
		}
		clock.advance(10 * time.Second)
		if s := stats(t, c); s.Items != 0 || s.EvictedItems != 0 || s.ExpiredItems != items {
			t.Errorf("%d items, %d evicted, %d expired, want none, none, %d", s.Items, s.EvictedItems, s.ExpiredItems, items)
		}
	})
}

// TestOnRemoveMayUseTheCache: no lock is held, and Close reports what is left.
func TestOnRemoveMayUseTheCache(t *testing.T) {
	t.Parallel()
	var c *Cache
	ready := make(chan struct{})
	calls := 0
	opts := Options{MaxItems: 10, OnRemove: func(key string, cause Cause) {
		<-ready
		calls++
		if cause != CauseEvicted {
			t.Errorf("%q: %v", key, cause)
		}
		if err := c.Set("last", []byte(key), 0); err != nil && err != ErrClosed {
			t.Error(err)
		}
		if _, _, err := c.Get(key); err != nil && err != ErrClosed {
			t.Error(err)
		}
	}}
	c, err := New(&opts)
	if err != nil {
		t.Fatal(err)
	}
	close(ready)
	for i := range 1000 {
		set(t, c, fmt.Sprint("key:", i), "v", 0)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if calls < 990 {
		t.Errorf("%d calls, want at least 990", calls)
	}
}

// TestSlowOnRemove: the queue is bounded, and what it does not take is counted.
func TestSlowOnRemove(t *testing.T) {
	t.Parallel()
	var r removals
	r.fn = func(string, Cause) {}
	r.wake = make(chan struct{}, 1)
	for range removalEvents + 5 {
		r.add([]byte("key"), CauseExpired)
	}
	if got := r.lost(); got != 5 || len(r.queue) != removalEvents {
		t.Errorf("%d events in the queue, %d dropped", len(r.queue), got)
	}
	r.report()
	long := make([]byte, removalBytes+1)
	r.add(long, CauseExpired)
	r.add([]byte("key"), CauseExpired)
	if got := r.lost(); got != 6 || len(r.queue) != 1 {
		t.Errorf("behind a long key: %d events in the queue, %d dropped", len(r.queue), got)
	}
}
