package cache

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
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

// setLarge stores a value of n bytes, which becomes shorter when it is compressed.
func setLarge(t *testing.T, c *Cache, n int) {
	t.Helper()
	set(t, c, "large", strings.Repeat("0123456789abcdef", n/16), 0)
}

// getLarge reads it in a batch, for which it is decompressed, and gives it a life, for
// which it would be held if it were small.
func getLarge(t *testing.T, c *Cache, n int) {
	t.Helper()
	do(t, c, func(b *Batch) {
		if v, err := b.Get([]byte("large")); len(v.Bytes()) != n || err != nil {
			t.Errorf("Get: %d bytes, %v, want %d", len(v.Bytes()), err, n)
		}
		if err := b.TTL([]byte("large"), 100, true); err != nil {
			t.Error(err)
		}
	})
}

// buffers returns those of c for large values, and fails if it has another large one.
func buffers(t *testing.T, c *Cache) (packed, opened *byte) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.squeeze
	if cap(s.held) > keptBuffer {
		t.Errorf("%d bytes are kept for held values", cap(s.held))
	}
	if cap(s.packed) > keptBuffer {
		packed = unsafe.SliceData(s.packed)
	}
	if cap(s.opened) > keptBuffer {
		opened = unsafe.SliceData(s.opened)
	}
	return packed, opened
}

// TestBuffersStayWhileNeeded: a stream of large values does not make the buffers
// anew for each of them, and costs the background goroutine a look now and then.
func TestBuffersStayWhileNeeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const size, seconds = 1 << 20, 10
		c := open(t, Options{MaxMemory: 256 << 20})
		setLarge(t, c, size)
		getLarge(t, c, size)
		packed, opened := buffers(t, c)
		if packed == nil || opened == nil {
			t.Fatalf("large values leave buffers at %p and %p, want two", packed, opened)
		}
		synctest.Wait()
		rounds := c.figures.rounds
		for name, step := range map[string]func(){
			"writes": func() { setLarge(t, c, size) },
			"reads":  func() { getLarge(t, c, size) },
		} {
			for range seconds {
				for range 4 {
					time.Sleep(time.Second / 4)
					step()
				}
			}
			p, o := buffers(t, c)
			if name == "writes" && p != packed || name == "reads" && o != opened {
				t.Errorf("%s: the buffers were at %p and %p and are at %p and %p", name, packed, opened, p, o)
			}
			setLarge(t, c, size)
			getLarge(t, c, size)
			packed, opened = buffers(t, c)
		}
		c.mu.Lock()
		rounds = c.figures.rounds - rounds
		c.mu.Unlock()
		if most := int64(2 * 3 * seconds); rounds > most {
			t.Errorf("the background goroutine worked %d times in %d seconds, want at most %d", rounds, 2*seconds, most)
		}
	})
}

// TestBackgroundGivesBuffersBack: one large value does not keep memory for ever, even
// if nobody uses the cache any more.
func TestBackgroundGivesBuffersBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{MaxMemory: 256 << 20})
		synctest.Wait() // the goroutine sleeps
		setLarge(t, c, 1<<20)
		getLarge(t, c, 1<<20)
		time.Sleep((keptFor - 1) * time.Millisecond)
		synctest.Wait()
		if packed, opened := buffers(t, c); packed == nil || opened == nil {
			t.Errorf("before %d ms there are buffers at %p and %p, want two", keptFor, packed, opened)
		}
		time.Sleep((tidyPause + 1) * time.Millisecond)
		synctest.Wait()
		if packed, opened := buffers(t, c); packed != nil || opened != nil {
			t.Errorf("buffers at %p and %p are kept while nothing happens", packed, opened)
		}
	})
}

// TestSmallValuesDoNotKeepLargeBuffers: they need a buffer, but not a large one.
func TestSmallValuesDoNotKeepLargeBuffers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{MaxMemory: 256 << 20})
		setLarge(t, c, 1<<20)
		getLarge(t, c, 1<<20)
		for range 2 * keptFor / 100 {
			time.Sleep(100 * time.Millisecond)
			setLarge(t, c, 5<<10)
			getLarge(t, c, 5<<10)
		}
		if packed, opened := buffers(t, c); packed != nil || opened != nil {
			t.Errorf("buffers at %p and %p are kept for small values", packed, opened)
		}
	})
}

// TestBatchGivesBuffersBack: with batches coming, the background goroutine need not
// come for the buffers.
func TestBatchGivesBuffersBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{MaxMemory: 256 << 20})
		setLarge(t, c, 1<<20)
		getLarge(t, c, 1<<20)
		synctest.Wait() // the goroutine has its plan, and sleeps as long as this one runs
		c.mu.Lock()
		c.squeeze.last -= keptFor
		c.mu.Unlock()
		do(t, c, func(b *Batch) {})
		if packed, opened := buffers(t, c); packed != nil || opened != nil {
			t.Errorf("after %d ms a batch leaves buffers at %p and %p", keptFor, packed, opened)
		}
	})
}

// TestGrowingValuesShareBuffers: values that become longer bit by bit do not each
// need new ones.
func TestGrowingValuesShareBuffers(t *testing.T) {
	t.Parallel()
	var s squeeze
	made := 0
	for n := 8 << 10; n <= keptBuffer; n += 1 << 10 {
		was := cap(s.opened)
		if s.room(&s.opened, n); cap(s.opened) < n || cap(s.opened) > keptBuffer {
			t.Fatalf("room for %d bytes: %d", n, cap(s.opened))
		}
		if cap(s.opened) != was {
			made++
		}
	}
	if most := 20; made > most { // 1.25 to the power of 16 is more than 32
		t.Errorf("%d buffers were made, want at most %d", made, most)
	}
}

// TestLargestBuffersAreGivenBack: what is large for any cache, or for this one, is not
// kept at all, nor where nobody would come to give it back.
func TestLargestBuffersAreGivenBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opts       Options
		size, most int
		clock      bool
	}{
		"most":         {opts: Options{MaxMemory: keptShare * keptMost, MaxValueSize: 2 * keptMost}, size: keptMost, most: keptMost},
		"share":        {opts: Options{MaxMemory: 2 * keptShare * keptBuffer}, size: 2 * keptBuffer, most: 2 * keptBuffer},
		"small cache":  {opts: Options{MaxMemory: 4 << 20}, size: keptBuffer, most: keptBuffer},
		"test's clock": {opts: Options{}, size: keptBuffer, most: keptBuffer, clock: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if test.clock {
					test.opts.Clock = newTestClock()
				}
				c := open(t, test.opts)
				setLarge(t, c, test.size)
				getLarge(t, c, test.size)
				kept := test.most > keptBuffer
				if packed, opened := buffers(t, c); (packed != nil) != kept || (opened != nil) != kept {
					t.Errorf("buffers for %d bytes are at %p and %p, want them kept: %t", test.size, packed, opened, kept)
				}
				setLarge(t, c, test.size+16)
				getLarge(t, c, test.size+16)
				if packed, opened := buffers(t, c); packed != nil || opened != nil {
					t.Errorf("buffers of %d bytes are kept, want at most %d", test.size+16, test.most)
				}
			})
		})
	}
}

// TestLowerLimitGivesBuffersBack: buffers follow MaxMemory.
func TestLowerLimitGivesBuffersBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{MaxMemory: 256 << 20})
		setLarge(t, c, 1<<20)
		getLarge(t, c, 1<<20)
		if err := c.SetMaxMemory(4 << 20); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if packed, opened := buffers(t, c); packed != nil || opened != nil {
			t.Errorf("buffers at %p and %p are kept in a cache that is small now", packed, opened)
		}
	})
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
