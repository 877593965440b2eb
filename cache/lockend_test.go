package cache

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// lockedFamily makes n items x:0000 … and locks them with one command.
func lockedFamily(t *testing.T, c *Cache, n int, d time.Duration) {
	t.Helper()
	for i := range n {
		set(t, c, fmt.Sprintf("x:%04d", i), "v", 0)
	}
	if got, err := c.MLock("x:", d); got != int64(n) || err != nil {
		t.Fatalf("MLock = %d, %v, want %d", got, err, n)
	}
}

// TestLocksOfOneCommandShareATimer: it goes with the last of them, however that
// loses its lock.
func TestLocksOfOneCommandShareATimer(t *testing.T) {
	t.Parallel()
	for name, undo := range map[string]func(c *Cache) error{
		"Unlock": func(c *Cache) error {
			for i := range 100 {
				if _, err := c.Unlock(fmt.Sprintf("x:%04d", i)); err != nil {
					return err
				}
			}
			return nil
		},
		"MUnlock": func(c *Cache) error { _, err := c.MUnlock("x:"); return err },
		"MUnlock in parts": func(c *Cache) error {
			_, err := c.MUnlock("x:000")
			_, err2 := c.MUnlock("x")
			return errors.Join(err, err2)
		},
	} {
		c, _ := withClock(t, Options{})
		lockedFamily(t, c, 100, time.Hour)
		if locks, timers := heldLocks(c); locks != 100 || timers != 1 {
			t.Errorf("%d locks with %d timers, want 100 with 1", locks, timers)
		}
		if err := undo(c); err != nil {
			t.Fatal(err)
		}
		if locks, timers := heldLocks(c); locks != 0 || timers != 0 {
			t.Errorf("after %s %d locks and %d timers, want none", name, locks, timers)
		}
	}
}

// TestLockedFamilyEndsInSteps: the locks of a family end at once for every
// command, and their memory comes back a few at a time, whatever is done to the
// family meanwhile and whichever other locks are among them.
func TestLockedFamilyEndsInSteps(t *testing.T) {
	t.Parallel()
	const items = 20 * beginWork
	c, clock := withClock(t, Options{})
	for i := range items / 2 {
		key := fmt.Sprintf("x:%04d+", 2*i)
		set(t, c, key, "v", 0)
		if _, err := c.Lock(key, Forever); err != nil {
			t.Fatal(err)
		}
	}
	lockedFamily(t, c, items, time.Second)
	clock.advance(time.Second)
	steps := 0
	for before := items * 3 / 2; ; steps++ {
		more := false
		do(t, c, func(b *Batch) {
			if done := before - c.locks.Len(); done > beginWork/endingRings*endingVisits {
				t.Fatalf("one step gave %d locks back", done)
			}
			key := fmt.Appendf(nil, "x:%04d", items-1-steps)
			if n, err := b.Meta(key, []byte("lock")); n != 0 || err != nil {
				t.Errorf("step %d: the lock of %s shows as %d, %v", steps, key, n, err)
			}
			if n, err := b.MLock(key, 5); n != 1 || err != nil {
				t.Errorf("step %d: MLock of %s = %d, %v", steps, key, n, err)
			}
			before = c.locks.Len()
			if err := c.check(); err != nil {
				t.Fatalf("step %d: %v", steps, err)
			}
			more = c.lockEnds.due(b.now.ms)
		})
		if !more {
			break
		}
	}
	if steps < 10 {
		t.Errorf("all locks were given back in %d steps", steps)
	}
	if locks, timers := heldLocks(c); locks != items/2+steps+1 || timers != steps+1 {
		t.Errorf("%d locks and %d timers are left, want %d, %d", locks, timers, items/2+steps+1, steps+1)
	}
}

// TestMDeleteWhereLocksHaveJustEnded: they hold up nothing, and true locks
// among them stay.
func TestMDeleteWhereLocksHaveJustEnded(t *testing.T) {
	t.Parallel()
	const items = 20 * beginWork
	c, clock := withClock(t, Options{})
	set(t, c, "x:true", "v", 0)
	if _, err := c.Lock("x:true", Forever); err != nil {
		t.Fatal(err)
	}
	lockedFamily(t, c, items, time.Second)
	if n, err := c.MDelete("x:"); n != 0 || err != nil {
		t.Errorf("MDelete of locked items = %d, %v", n, err)
	}
	clock.advance(time.Second)
	do(t, c, func(b *Batch) {
		if c.locks.Len() < 2 {
			t.Fatal("the locks were given back already")
		}
		if n, err := b.MDelete([]byte("x:")); n != items || err != nil {
			t.Errorf("MDelete = %d, %v, want %d", n, err, items)
		}
		if n, err := b.MDelete([]byte("x:")); n != 0 || err != ErrNotFound {
			t.Errorf("MDelete of what is locked = %d, %v, want %v", n, err, ErrNotFound)
		}
	})
	want(t, c, "x:true", "v")
	if locks, timers := heldLocks(c); locks != 1 || timers != 0 {
		t.Errorf("%d locks and %d timers are left, want 1, 0", locks, timers)
	}
}
