package cache

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// These tests run in a bubble: the system's clock stands still while any
// goroutine runs, and jumps ahead when all of them wait.

// held returns what is in memory, without a command that would clean up.
func held(c *Cache) (items, timers int, detached bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.tree.Len(), c.wheel.timers.live, c.detached
}

// heldLocks returns how many locks and timers of locks take memory.
func heldLocks(c *Cache) (locks, timers int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.locks.Len(), c.lockEnds.timers.live
}

// TestExpiryInTheBackground: items that are over leave memory without any
// command.
func TestExpiryInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{})
		const items = 10 * tidyWork
		for i := range items {
			set(t, c, fmt.Sprintf("short:%d", i), "v", time.Second)
			set(t, c, fmt.Sprintf("long:%d", i), "v", time.Hour)
		}
		if _, err := c.Lock("long:0", 2*time.Second); err != nil {
			t.Fatal(err)
		}
		if _, err := c.MLock("long:", 2*time.Second); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second - time.Millisecond)
		if n, _, _ := held(c); n != 2*items {
			t.Errorf("a millisecond early %d items are in memory, want %d", n, 2*items)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if locks, timers := heldLocks(c); locks != items || timers != 2 {
			t.Errorf("before their end %d locks and %d timers, want %d, 2", locks, timers, items)
		}
		if n, timers, _ := held(c); n != items || timers != items {
			t.Errorf("after the short lives %d items and %d timers, want %d, %d", n, timers, items, items)
		}
		time.Sleep(time.Second)
		if locks, timers := heldLocks(c); locks != 0 || timers != 0 {
			t.Errorf("after their end %d locks and %d timers, want none", locks, timers)
		}
		time.Sleep(time.Hour)
		if n, timers, _ := held(c); n != 0 || timers != 0 {
			t.Errorf("after the long lives %d items and %d timers, want none", n, timers)
		}
	})
}

// TestReclaimInTheBackground: what MDelete cut off is given back, whichever
// clock the cache has.
func TestReclaimInTheBackground(t *testing.T) {
	t.Parallel()
	for name, clock := range map[string]Clock{"system": nil, "test": newTestClock()} {
		synctest.Test(t, func(t *testing.T) {
			c := open(t, Options{Clock: clock})
			synctest.Wait() // the goroutine sleeps now
			empty := c.tree.Memory().Used
			for i := range 10 * tidyWork {
				set(t, c, fmt.Sprintf("key:%d", i), "v", time.Hour)
			}
			if _, err := c.MDelete("key:"); err != nil {
				t.Fatal(err)
			}
			waitForReclaim(c)
			if _, timers, detached := held(c); timers != 0 || detached {
				t.Errorf("%s clock: %d timers, detached nodes: %v", name, timers, detached)
			}
			if used := c.tree.Memory().Used; used != empty {
				t.Errorf("%s clock: the empty tree takes %d bytes, at first it took %d", name, used, empty)
			}
		})
	}
}

// TestGCRatioInTheBackground: the periodic pass needs no command.
func TestGCRatioInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{MaxMemory: 400 << 10, Eviction: EvictGCRatio, GCRatio: 20 * time.Second})
		n := fill(t, c)
		time.Sleep(15*time.Second + tidyPause*time.Millisecond)
		if left, _, _ := held(c); left != n {
			t.Errorf("after the first pass %d items, want %d", left, n)
		}
		time.Sleep(15 * time.Second)
		if left, _, _ := held(c); left != 0 {
			t.Errorf("after the second pass %d items, want none", left)
		}
	})
}

// TestIdleCacheSleeps: without work the goroutine does not run.
func TestIdleCacheSleeps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{Eviction: EvictNone})
		set(t, c, "key", "v", 24*time.Hour)
		synctest.Wait()
		before, err := c.Stats()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(12 * time.Hour)
		after, err := c.Stats()
		// Once an hour, and a few times as the wheel turns.
		if rounds := after.CronDone - before.CronDone; rounds > 20 || err != nil {
			t.Errorf("%d rounds of work in 12 idle hours, %v", rounds, err)
		}
	})
}

// TestCommandsDoTheWorkOfATestClock: with a clock of the caller's, memory is
// given back by the commands, a bounded amount each.
func TestCommandsDoTheWorkOfATestClock(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{})
	const items = 5 * beginWork
	for i := range items {
		set(t, c, fmt.Sprintf("key:%d", i), "v", time.Second)
	}
	clock.advance(time.Hour)
	last := items
	for range items {
		want(t, c, "none", "") // a reader never does it
		do(t, c, func(*Batch) {})
		n, _, _ := held(c)
		if last-n > beginWork {
			t.Fatalf("a batch removed %d items, want at most %d", last-n, beginWork)
		}
		last = n
	}
	if last != 0 {
		t.Errorf("%d items are left in memory", last)
	}
}

// TestBuffersAreGivenBack: one large value does not keep memory for ever.
func TestBuffersAreGivenBack(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{})
	large := bytes.Repeat([]byte("large "), 300000)
	set(t, c, "key", string(large), 0)
	do(t, c, func(b *Batch) {
		if v, err := b.Get([]byte("key")); !bytes.Equal(v.Bytes(), large) || err != nil {
			t.Errorf("Get: %d bytes, %v", len(v.Bytes()), err)
		}
		if err := b.TTL([]byte("key"), 5, true); err != nil {
			t.Error(err)
		}
	})
	s := &c.squeeze
	if cap(s.packed) > keptBuffer || cap(s.opened) > keptBuffer || cap(s.held) > keptBuffer {
		t.Errorf("buffers of %d, %d, %d bytes are kept", cap(s.packed), cap(s.opened), cap(s.held))
	}
}

// TestBackgroundStandsBack: the background goroutine goes on at once only while
// nobody else uses the cache, and is not woken for what it left.
func TestBackgroundStandsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{Clock: newTestClock()})
		for i := range 100 * tidyWork {
			set(t, c, fmt.Sprintf("family:%d", i), "v", 0)
			set(t, c, fmt.Sprintf("other:%d", i), "v", 0)
		}
		synctest.Wait() // the goroutine sleeps, and this one does its part
		do(t, c, func(b *Batch) { b.Count(nil) })
		c.mu.Lock()
		c.detach([]byte("family:"))
		c.mu.Unlock()
		tidy := func(again bool, pause time.Duration, works bool) {
			t.Helper()
			used := c.used()
			sleep, more := c.tidy(again)
			if gave := used - c.used(); !more || sleep != pause || works != (gave > 0) {
				t.Errorf("it gives %d bytes back, then sleeps %v, more %v; want a pause of %v, something given back: %v", gave, sleep, more, pause, works)
			}
		}
		batches := func(n int) {
			t.Helper()
			used := c.used()
			for range n {
				do(t, c, func(b *Batch) { b.Count(nil) })
			}
			if c.used() >= used {
				t.Error("batches give nothing back")
			}
		}
		tidy(false, standBack, true) // there were batches before
		tidy(true, 0, true)          // now there are none
		batches(1)
		tidy(true, standBack, true)
		tidy(true, 0, true)
		batches(tidyWork) // they do as much as it would
		tidy(true, helpedBack, false)
		tidy(true, standBack, true)
		batches(tidyWork)
		tidy(false, standBack, true) // it was woken, for work that it may not know
		for range mostSkips {
			c.helped.Store(helpedWork)
			tidy(true, helpedBack, false)
		}
		c.helped.Store(helpedWork)
		tidy(true, 0, true)
		// With other work to do it does not leave that to batches.
		c.mu.Lock()
		c.set.MaxMemory, c.shrinking = 1, true
		c.mu.Unlock()
		for i := range 2 { // it is woken for that at first
			batches(helpedWork / (beginWork / 4))
			tidy(i > 0, standBack, true)
		}
	})
}
