package cache

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"
)

// fill stores items of a kilobyte until the limit is reached and returns their
// number.
func fill(t *testing.T, c *Cache) int {
	t.Helper()
	for i := range 10000 {
		err := c.Set(fmt.Sprintf("mem:%04d", i), bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 512), 0)
		if err == ErrMemoryLimit {
			return i
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the memory limit is never reached")
	return 0
}

func TestAtTheMemoryLimit(t *testing.T) {
	t.Parallel()
	for _, policy := range []Eviction{EvictNone, EvictGCRatio} {
		const limit = 200 << 10
		c, _ := withClock(t, Options{MaxMemory: limit, Eviction: policy})
		n := fill(t, c)
		if n < limit/2048 || n > limit/1024 {
			t.Errorf("%v: %d items of a kilobyte fit %d bytes", policy, n, limit)
		}
		do(t, c, func(b *Batch) {
			if !b.Full() {
				t.Errorf("%v: not Full", policy)
			}
		})
		// What could need memory is refused, before anything else …
		if _, err := c.Lock("mem:0000", Forever); err != nil {
			t.Fatal(err)
		}
		for name, fn := range map[string]func() error{
			"Set":              func() error { return c.Set("new", []byte("v"), 0) },
			"Set of an item":   func() error { return c.Set("mem:0001", []byte("v"), 0) },
			"Set of a locked":  func() error { return c.Set("mem:0000", []byte("v"), 0) },
			"MSet":             func() error { _, err := c.MSet("mem:", []byte("v")); return err },
			"MSet of none":     func() error { _, err := c.MSet("none", []byte("v")); return err },
			"Inc of a missing": func() error { _, err := c.Inc("new"); return err },
			"Dec of a missing": func() error { _, err := c.Dec("new"); return err },
		} {
			if err := fn(); err != ErrMemoryLimit {
				t.Errorf("%v: %s: %v, want %v", policy, name, err, ErrMemoryLimit)
			}
		}
		// … and the rest works.
		for i, fn := range []func() error{
			func() error { _, _, err := c.Get("mem:0001"); return err },
			func() error { _, err := c.TTL("mem:0001", time.Hour); return err },
			func() error { _, err := c.MTTL("mem:", time.Hour); return err },
			func() error { _, err := c.Lock("mem:0001", time.Hour); return err },
			func() error { _, err := c.MLock("mem:", time.Hour); return err },
			func() error { _, err := c.MUnlock("mem:"); return err },
			func() error { _, err := c.Delete("mem:0002"); return err },
		} {
			if err := fn(); err != nil {
				t.Errorf("%v: command %d at the limit: %v", policy, i, err)
			}
		}
		// Memory that was deleted counts as free at once.
		if got, err := c.MDelete("mem:"); got != int64(n-1) || err != nil {
			t.Errorf("%v: MDelete = %d, %v, want %d", policy, got, err, n-1)
		}
		if again := fill(t, c); again != n {
			t.Errorf("%v: after MDelete %d items fit, before it %d", policy, again, n)
		}
		if n, err := c.MDelete("mem:0000"); n != 1 || err != nil {
			t.Errorf("MDelete = %d, %v", n, err)
		}
		if n, err := c.Dec("new"); n != -1 || err != nil {
			t.Errorf("%v: Dec below the limit: %d, %v", policy, n, err)
		}
		s, err := c.Stats()
		if s.MemoryUsed > s.MemoryPeak || s.MemoryPeak < limit || s.MemoryPeak > limit*3/2 || s.MemoryUsable != limit || err != nil {
			t.Errorf("%v: used %d, peak %d, usable %d, %v", policy, s.MemoryUsed, s.MemoryPeak, s.MemoryUsable, err)
		}
	}
}

// TestMSetFitsOrChangesNothing: the limit is for the result, locked items not
// counted.
func TestMSetFitsOrChangesNothing(t *testing.T) {
	t.Parallel()
	const items = 100
	c, _ := withClock(t, Options{MaxMemory: 500 << 10, Compression: -1, Eviction: EvictNone})
	for i := range items {
		set(t, c, fmt.Sprintf("k%02d", i), "small", 0)
	}
	for _, step := range []struct {
		size int
		err  error
	}{
		{4000, nil},            // 400 KB: fits
		{6000, ErrMemoryLimit}, // 600 KB
		{4500, nil},            // 450 KB fit, since the old values go
		{100, nil},
	} {
		before, _, err := c.Get("k50")
		if err != nil {
			t.Fatal(err)
		}
		n, err := c.MSet("k", bytes.Repeat([]byte("x"), step.size))
		if err != step.err || (n == items) != (err == nil) {
			t.Errorf("MSet of %d bytes: %d, %v, want %v", step.size, n, err, step.err)
		}
		if err == nil {
			continue
		}
		after, _, err := c.Get("k50")
		if !bytes.Equal(after, before) || err != nil {
			t.Errorf("a refused MSet of %d bytes changed an item", step.size)
		}
	}
	for i := range items / 2 {
		if _, err := c.Lock(fmt.Sprintf("k%02d", i), Forever); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := c.MSet("k", make([]byte, 6000)); n != items/2 || err != nil {
		t.Errorf("MSet of 6000 bytes with half of them locked: %d, %v", n, err)
	}
}

// TestValueBeyondTheLimit: what is larger than the limit is refused by every
// policy, and nothing goes for it.
func TestValueBeyondTheLimit(t *testing.T) {
	t.Parallel()
	for _, policy := range []Eviction{EvictLFU, EvictLRU, EvictGCRatio, EvictNone} {
		c, _ := withClock(t, Options{MaxMemory: 1 << 20, MaxValueSize: 8 << 20, Compression: -1, Eviction: policy})
		set(t, c, "a", "v", 0)
		for range 2 { // new, and in place of another
			if err := c.Set("b", make([]byte, 1<<20), 0); err != ErrMemoryLimit {
				t.Errorf("%v: %v, want %v", policy, err, ErrMemoryLimit)
			}
			set(t, c, "b", "v", 0)
		}
		want(t, c, "a", "v")
		want(t, c, "b", "v")
	}
}

// TestGCRatio: at the limit, items that nobody used for the ratio go away, at
// the interval and not before.
func TestGCRatio(t *testing.T) {
	t.Parallel()
	const limit = 400 << 10
	c, clock := withClock(t, Options{MaxMemory: limit, Eviction: EvictGCRatio, GCRatio: 10 * time.Second, GCInterval: 15 * time.Second})
	set(t, c, "a:locked", "v", 0)
	if _, err := c.Lock("a:locked", Forever); err != nil {
		t.Fatal(err)
	}
	n := fill(t, c)
	if n < 2*tidyWork {
		t.Fatalf("only %d items: a pass would be a single step", n)
	}
	clock.advance(14 * time.Second)
	for i := range 5 {
		if _, ok, err := c.Get(fmt.Sprintf("mem:%04d", i)); !ok || err != nil {
			t.Fatal(i, ok, err)
		}
	}
	if err := c.Set("new", []byte("v"), 0); err != ErrMemoryLimit {
		t.Errorf("before the interval is over: %v, want %v", err, ErrMemoryLimit)
	}
	clock.advance(time.Second)
	if err := c.Set("new", []byte("v"), 0); err != nil {
		t.Errorf("after the interval: %v", err)
	}
	if got := keysOf(t, c, "mem:"); len(got) != 5 {
		t.Errorf("%d items are left, want the 5 that were used", len(got))
	}
	want(t, c, "a:locked", "v")
	// Below the limit nothing goes.
	clock.advance(time.Hour)
	want(t, c, "a:locked", "v")
	if n, err := c.Count("mem:"); n != 5 || err != nil {
		t.Errorf("below the limit %d items are left, %v, want 5", n, err)
	}
}

// TestGCRatioWhenTheWallClockSteps: access times from before a step say nothing, so
// nothing is removed until the ratio is over after it, and then what nobody used
// since, also if it looks used in the future.
func TestGCRatioWhenTheWallClockSteps(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{time.Hour, -time.Hour} {
		c, clock := withClock(t, Options{MaxMemory: 400 << 10, Eviction: EvictGCRatio, GCRatio: 10 * time.Second, GCInterval: time.Second})
		n := fill(t, c)
		clock.advance(5 * time.Second)
		clock.wall.Add(int64(step))
		for range 9 {
			clock.advance(time.Second)
			if err := c.Set("new", []byte("v"), 0); err != ErrMemoryLimit {
				t.Fatalf("a step of %v: %v, and %d of %d items are left", step, err, len(keysOf(t, c, "mem:")), n)
			}
			if _, ok, err := c.Get("mem:0000"); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		clock.advance(2 * time.Second)
		if err := c.Set("new", []byte("v"), 0); err != nil {
			t.Errorf("a step of %v: %v after the ratio", step, err)
		}
		if got := keysOf(t, c, "mem:"); len(got) != 1 {
			t.Errorf("a step of %v: %d items are left, want the one that was used", step, len(got))
		}
	}
}

// TestGCRatioIsAPolicy: EvictNone removes nothing.
func TestGCRatioIsAPolicy(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{MaxMemory: 100 << 10, GCRatio: time.Second, Eviction: EvictNone})
	n := fill(t, c)
	clock.advance(time.Hour)
	if got, err := c.Count("mem:"); got != int64(n) || err != nil {
		t.Errorf("%d of %d items are left, %v", got, n, err)
	}
}

func TestStats(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{})
	s, err := c.Stats()
	if err != nil || s.Items != 0 || s.FirstItemSeen != 0 || s.LastItemSeen != 0 || s.ItemSizeAvg != 0 ||
		s.CompressionRateAvg != 0 || s.CompressedItems != 0 {
		t.Errorf("an empty cache: %+v, %v", s, err)
	}
	clock.advance(10 * time.Second)
	set(t, c, "a", "v", 0)
	clock.advance(10 * time.Second)
	if _, err := c.Inc("b"); err != nil {
		t.Fatal(err)
	}
	clock.advance(10 * time.Second)
	want(t, c, "a", "v")
	s, err = c.Stats()
	if err != nil || s.Items != 2 || s.FirstItemSeen != testEpoch+10 || s.LastItemSeen != testEpoch+20 {
		t.Errorf("two items: %+v, %v", s, err)
	}
	if s.MemoryUsed <= 0 || s.MemoryPeak < s.MemoryUsed || s.ItemSizeAvg != s.MemoryUsed/2 || s.MemoryUsable != c.Options().MaxMemory {
		t.Errorf("memory of two items: %+v", s)
	}
	if s.ItemPoolUsed <= 0 || s.ItemPoolCapacity < s.ItemPoolUsed || s.ItemPoolTotal < s.ItemPoolCapacity ||
		s.ItemPoolObjectSize <= 0 || s.ItemPoolMaxBlock <= 0 {
		t.Errorf("item pool of two items: %+v", s)
	}
	if _, err := c.MSet("a", []byte("w")); err != nil {
		t.Fatal(err)
	}
	if s, err = c.Stats(); err != nil || s.Items != 2 || s.FirstItemSeen != testEpoch+10 || s.LastItemSeen != testEpoch+30 {
		t.Errorf("after MSet: %+v, %v", s, err)
	}
}

// TestLivesAndLocksAtTheLimit: where nothing is evicted, TTL and LOCK work on a
// full cache, and take no more beyond the limit than Options.Eviction says.
func TestLivesAndLocksAtTheLimit(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{MaxMemory: 4 << 20, Eviction: EvictNone})
	items := int64(0)
	for err := error(nil); ; items++ {
		if err = c.Set(fmt.Sprintf("app:user:%08d:profile", items), make([]byte, 100), 0); err != nil {
			if !errors.Is(err, ErrMemoryLimit) {
				t.Fatal(err)
			}
			break
		}
	}
	used := func() int64 {
		s, err := c.Stats()
		if err != nil {
			t.Fatal(err)
		}
		return s.MemoryUsed
	}
	before := used()
	for _, test := range []struct {
		name string
		run  func() (int64, error)
		most int64 // bytes for each item
	}{
		{"TTL", func() (int64, error) { return c.MTTL("app:", time.Hour) }, 80},
		{"MLock", func() (int64, error) { return c.MLock("app:", time.Hour) }, 50},
		{"Lock", func() (n int64, err error) {
			if _, err := c.MUnlock("app:"); err != nil {
				return 0, err
			}
			for ; n < items && err == nil; n++ {
				_, err = c.Lock(fmt.Sprintf("app:user:%08d:profile", n), time.Hour)
			}
			return n, err
		}, 120 - 40}, // beside what MLock took
	} {
		if n, err := test.run(); n != items || err != nil {
			t.Errorf("%s changed %d of %d items, %v", test.name, n, items, err)
		}
		after := used()
		if each := (after - before) / items; each == 0 || each > test.most {
			t.Errorf("%s took %d bytes for each of %d items, want at most %d", test.name, each, items, test.most)
		}
		before = after
	}
}
