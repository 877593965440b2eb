package cache

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// TestWhatALockRefuses: every command on a locked item.
func TestWhatALockRefuses(t *testing.T) {
	t.Parallel()
	key, prefix := []byte("x:key"), []byte("x:")
	for _, cmd := range []struct {
		name string
		fn   func(b *Batch) (int64, error)
		n    int64
		err  error
	}{
		{"Set", func(b *Batch) (int64, error) { return 0, b.Set(0, key, []byte("w")) }, 0, ErrLocked},
		{"Delete", func(b *Batch) (int64, error) { return 0, b.Delete(key) }, 0, ErrLocked},
		{"Inc", func(b *Batch) (int64, error) { return b.Inc(key) }, 0, ErrLocked},
		{"Dec", func(b *Batch) (int64, error) { return b.Dec(key) }, 0, ErrLocked},
		{"TTL", func(b *Batch) (int64, error) { return 0, b.TTL(key, 5, true) }, 0, ErrLocked},
		{"TTL x", func(b *Batch) (int64, error) { return 0, b.TTL(key, 5, false) }, 0, ErrNotANumber},
		{"Lock", func(b *Batch) (int64, error) { return 0, b.Lock(key, 5, true) }, 0, ErrLocked},
		{"Lock 0", func(b *Batch) (int64, error) { return 0, b.Lock(key, 0, true) }, 0, ErrLocked},
		{"Lock x", func(b *Batch) (int64, error) { return 0, b.Lock(key, 5, false) }, 0, ErrNotANumber},
		{"MSet", func(b *Batch) (int64, error) { return b.MSet(prefix, []byte("w")) }, 0, ErrNotFound},
		{"MTTL", func(b *Batch) (int64, error) { return b.MTTL(prefix, 5) }, 0, ErrNotFound},
		{"MDelete", func(b *Batch) (int64, error) { return b.MDelete(prefix) }, 0, ErrNotFound},
		{"MInc", func(b *Batch) (int64, error) { return b.MInc(prefix) }, 0, ErrNotFound},
		{"MDec", func(b *Batch) (int64, error) { return b.MDec(prefix) }, 0, ErrNotFound},
		{"MLock", func(b *Batch) (int64, error) { return b.MLock(prefix, 5) }, 0, ErrNotFound},
		{"Meta x", func(b *Batch) (int64, error) { return b.Meta(key, []byte("x")) }, 0, ErrServer},
		// What a lock lets through:
		{"Get", func(b *Batch) (int64, error) { _, err := b.Get(key); return 0, err }, 0, nil},
		{"Count", func(b *Batch) (int64, error) { return b.Count(prefix), nil }, 1, nil},
		{"Meta", func(b *Batch) (int64, error) { return b.Meta(key, []byte("lock")) }, 30, nil},
		{"Unlock", func(b *Batch) (int64, error) { return 0, b.Unlock(key) }, 0, nil},
		{"MUnlock", func(b *Batch) (int64, error) { return b.MUnlock(prefix) }, 1, nil},
		{"Walk", func(b *Batch) (int64, error) {
			return b.Walk(prefix, 0, true, func([]byte, Value) bool { return true }), nil
		}, 1, nil},
	} {
		c, clock := withClock(t, Options{})
		set(t, c, "x:key", "5", 0)
		do(t, c, func(b *Batch) {
			if err := b.Lock(key, 30, true); err != nil {
				t.Fatal(err)
			}
		})
		clock.advance(30*time.Second - time.Millisecond)
		do(t, c, func(b *Batch) {
			if n, err := cmd.fn(b); n != cmd.n || err != cmd.err {
				t.Errorf("%s of a locked item: %d, %v, want %d, %v", cmd.name, n, err, cmd.n, cmd.err)
			}
		})
		want(t, c, "x:key", "5")
		// At its end the lock is over for every command.
		clock.advance(time.Millisecond)
		do(t, c, func(b *Batch) {
			if n, err := b.Meta(key, []byte("lock")); n != 0 || err != nil {
				t.Errorf("%s: META lock after the end: %d, %v", cmd.name, n, err)
			}
			if err := b.Delete(key); err != nil {
				t.Errorf("%s: Delete after the lock's end: %v", cmd.name, err)
			}
		})
	}
}

func TestSpecialLockTimes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		seconds, meta int64
	}{
		{-1, -1}, {0, 0}, {-2, 0}, {math.MinInt64, 0}, {1, 1}, {99999999999, 99999999999}, {math.MaxInt64, -1},
		{math.MaxInt64 / 1000, -1}, {math.MaxInt64/1000 - 3601, math.MaxInt64/1000 - 3601},
	} {
		c, clock := withClock(t, Options{})
		clock.advance(time.Hour)
		set(t, c, "a", "v", 0)
		set(t, c, "b", "v", 0)
		do(t, c, func(b *Batch) {
			if err := b.Lock([]byte("a"), test.seconds, true); err != nil {
				t.Errorf("Lock %d: %v", test.seconds, err)
			}
			if n, err := b.MLock([]byte("b"), test.seconds); n != 1 || err != nil {
				t.Errorf("MLock %d = %d, %v", test.seconds, n, err)
			}
			for _, key := range []string{"a", "b"} {
				if n, err := b.Meta([]byte(key), []byte("lock")); n != test.meta || err != nil {
					t.Errorf("lock %d of %s shows as %d, %v, want %d", test.seconds, key, n, err, test.meta)
				}
			}
		})
		if test.meta != 0 && test.meta != 1 {
			clock.advance(200 * 365 * 24 * time.Hour)
			if _, err := c.Delete("a"); err != ErrLocked {
				t.Errorf("lock %d is over after 200 years: %v", test.seconds, err)
			}
		}
	}
}

// TestLockEndsBetweenCommands: a lock that is over does not count for a prefix
// command, and MDelete is not slowed down by it.
func TestLockEndsBetweenCommands(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{})
	for _, key := range []string{"x:1", "x:2", "x:3", "y"} {
		set(t, c, key, "v", 0)
	}
	if _, err := c.Lock("x:1", time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Lock("x:2", Forever); err != nil {
		t.Fatal(err)
	}
	if n, err := c.MLock("x:", time.Second); n != 1 || err != nil {
		t.Errorf("MLock skips the locked: %d, %v, want 1", n, err)
	}
	clock.advance(time.Second)
	if n, err := c.MDelete("x:"); n != 2 || err != nil {
		t.Errorf("MDelete = %d, %v, want 2", n, err)
	}
	want(t, c, "x:2", "v")
	if n, err := c.MUnlock("x:"); n != 1 || err != nil {
		t.Errorf("MUnlock = %d, %v, want 1", n, err)
	}
	if n, err := c.MDelete("x:"); n != 1 || err != nil {
		t.Errorf("MDelete = %d, %v, want 1", n, err)
	}
	want(t, c, "y", "v")
}

// TestLockEndsBeforeItIsCleanedUp: a lock that is over is none, even if so much
// is due at the same time that nobody got to it yet.
func TestLockEndsBeforeItIsCleanedUp(t *testing.T) {
	t.Parallel()
	for name, fn := range map[string]func(b *Batch, key []byte) error{
		"Set":    func(b *Batch, key []byte) error { return b.Set(0, key, []byte("w")) },
		"Delete": func(b *Batch, key []byte) error { return b.Delete(key) },
		"Lock":   func(b *Batch, key []byte) error { return b.Lock(key, 5, true) },
		"TTL":    func(b *Batch, key []byte) error { return b.TTL(key, 5, true) },
		"Inc":    func(b *Batch, key []byte) error { _, err := b.Inc(key); return err },
		"Meta": func(b *Batch, key []byte) error {
			if n, err := b.Meta(key, []byte("lock")); n != 0 || err != nil {
				return fmt.Errorf("META lock is %d, %v", n, err)
			}
			return nil
		},
	} {
		c, clock := withClock(t, Options{})
		set(t, c, "key", "5", 0)
		if _, err := c.Lock("key", time.Second); err != nil {
			t.Fatal(err)
		}
		for i := range 2 * beginWork {
			crowd := fmt.Sprint("crowd:", i)
			set(t, c, crowd, "v", 0)
			if _, err := c.Lock(crowd, time.Second); err != nil {
				t.Fatal(err)
			}
		}
		clock.advance(time.Second)
		do(t, c, func(b *Batch) {
			if c.locks.Find([]byte("key")) == nil {
				t.Fatal("the lock is cleaned up already")
			}
			if err := fn(b, []byte("key")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// TestLockIsOfTheItem: a lock does not survive its item.
func TestLockIsOfTheItem(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{})
	set(t, c, "key", "v", time.Second)
	if _, err := c.Lock("key", Forever); err != nil {
		t.Fatal(err)
	}
	clock.advance(time.Second)
	set(t, c, "key", "w", 0)
	if n, _, err := c.MetaLock("key"); n != 0 || err != nil {
		t.Errorf("the new item is locked: %d, %v", n, err)
	}
	if ok, err := c.Delete("key"); !ok || err != nil {
		t.Errorf("Delete = %v, %v", ok, err)
	}
}

// TestUnusedLocksCostNothing: without locks the index of locks is empty.
func TestUnusedLocksCostNothing(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{})
	empty := c.locks.Memory().Used
	set(t, c, "key", "v", 0)
	if _, err := c.Lock("key", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if c.locks.Len() != 1 || c.lockEnds.timers.live != 1 {
		t.Fatalf("%d locks, %d timers, want 1, 1", c.locks.Len(), c.lockEnds.timers.live)
	}
	clock.advance(5 * time.Second)
	do(t, c, func(*Batch) {}) // any command will do
	if used := c.locks.Memory().Used; used != empty || c.lockEnds.bytes() != 0 {
		t.Errorf("after the lock's end its index takes %d bytes more, the wheel %d bytes", used-empty, c.lockEnds.bytes())
	}
}
