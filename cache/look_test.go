package cache

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestSmallStoresAreEstimated: what new items take is not added up after each of
// them, but is never more than what the cache thinks they took at the most, so that
// it knows how far it is from its limits.
func TestSmallStoresAreEstimated(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{MaxMemory: 1 << 30, MaxKeySize: 8 << 10, Compression: -1})
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('!' + rng.IntN(256-'!'))
		}
		return string(b)
	}
	seen := map[string]bool{}
	late, looks := 0, 0
	base := int64(-1) // what the items took when that was looked at last, as far as is known
	for i := range 20_000 {
		var key string
		switch i % 3 {
		case 0: // wide nodes
			key = random(2)
		case 1: // nodes with long prefixes, and chains of them
			key = strings.Repeat("x", rng.IntN(3000)) + random(1)
		case 2: // long keys
			key = random(1 + rng.IntN(1000))
		}
		if seen[key] {
			continue // what changes an item's size is always looked at
		}
		seen[key] = true
		ttl := time.Duration(rng.IntN(2)*rng.IntN(100)) * time.Second
		set(t, c, key, random(1+rng.IntN(100)), ttl)
		c.mu.Lock()
		taken, _ := c.tree.Taken()
		own := c.own()
		m := c.memory
		c.mu.Unlock()
		switch {
		case m.unlooked >= unknown:
			base = -1 // the background did something
			continue
		case m.unlooked == 0:
			base = taken
			looks++
		case m.used != taken+own:
			late++
		}
		if base >= 0 && taken > base+m.unlooked || m.unlooked > lookMost {
			t.Fatalf("item %d: %d bytes are taken, %d the last time, and at most %d more by the cache's estimate", i, taken, base, m.unlooked)
		}
		const chunks = 64 << 10 // in which timers come
		if taken+own > m.used+m.grown+chunks {
			t.Fatalf("item %d: %d bytes are taken with timers, the cache thinks %d and at most %d more", i, taken+own, m.used, m.grown)
		}
	}
	if late < 10_000 || looks < 100 {
		t.Errorf("behind after %d stores, looked at after %d: want most and some", late, looks)
	}
}

// TestPeakOfWhatIsGone: the highest figure of memory is known although the items that
// made it were small, and are gone.
func TestPeakOfWhatIsGone(t *testing.T) {
	t.Parallel()
	locked := func(c *Cache) error {
		if _, err := c.MLock("key:", time.Minute); err != nil {
			return err
		}
		return c.Set("another", []byte("v"), 0)
	}
	for name, c := range map[string]struct {
		begin func(c *Cache) error
		end   func(c *Cache, clock *testClock) error
	}{
		"deleted": {end: func(c *Cache, _ *testClock) error {
			for i := range 5 {
				if _, err := c.Delete(fmt.Sprintf("key:%d", i)); err != nil {
					return err
				}
			}
			return nil
		}},
		"a family deleted": {end: func(c *Cache, _ *testClock) error { _, err := c.MDelete("key:"); return err }},
		"over": {end: func(c *Cache, clock *testClock) error {
			clock.advance(time.Hour)
			_, err := c.Count("key:")
			return err
		}},
		"unlocked": {locked, func(c *Cache, _ *testClock) error {
			for i := range 5 {
				if _, err := c.Unlock(fmt.Sprintf("key:%d", i)); err != nil {
					return err
				}
			}
			return nil
		}},
		"a family unlocked": {locked, func(c *Cache, _ *testClock) error { _, err := c.MUnlock("key:"); return err }},
		"shorter":           {end: func(c *Cache, _ *testClock) error { return c.Set("key:1", []byte("w"), 0) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stats [2]Stats
			for n := range stats {
				cache, clock := withClock(t, Options{Compression: -1})
				for i := range 5 {
					set(t, cache, fmt.Sprintf("key:%d", i), strings.Repeat("v", 100), time.Minute)
				}
				if c.begin != nil {
					if err := c.begin(cache); err != nil {
						t.Fatal(err)
					}
				}
				if n == 1 {
					if err := c.end(cache, clock); err != nil {
						t.Fatal(err)
					}
				}
				var err error
				if stats[n], err = cache.Stats(); err != nil {
					t.Fatal(err)
				}
			}
			full, after := stats[0], stats[1]
			if after.MemoryUsed >= full.MemoryUsed || after.MemoryPeak < full.MemoryUsed {
				t.Errorf("%d bytes after %d, and the peak was %d", after.MemoryUsed, full.MemoryUsed, after.MemoryPeak)
			}
		})
	}
}
