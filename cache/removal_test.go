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
