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
	tail := make([]byte, 600)
	late, looks := 0, 0
	for i := range 20_000 {
		for i := range tail {
			tail[i] = byte('!' + rng.IntN(90))
		}
		// Pairs that share long beginnings make chains of nodes, and short keys wide nodes.
		key := strings.Repeat("x", rng.IntN(3)*rng.IntN(1500)) + string(tail[:1+rng.IntN(len(tail))])
		ttl := time.Duration(rng.IntN(2)*rng.IntN(100)) * time.Second
		set(t, c, key, strings.Repeat("v", 1+rng.IntN(200)), ttl)
		c.mu.Lock()
		taken, _ := c.tree.Taken()
		taken += c.own()
		m := c.memory
		c.mu.Unlock()
		switch {
		case m.unlooked >= lookNow:
			continue // the background changed something since
		case m.unlooked == 0:
			looks++
		case m.used != taken:
			late++
		}
		// Timers come in chunks.
		const chunks = 64 << 10
		if taken > m.used+m.unlooked+chunks || m.unlooked > lookMost {
			t.Fatalf("after %d items: %d bytes are taken, the cache thinks %d and at most %d more", i+1, taken, m.used, m.unlooked)
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
	for name, end := range map[string]func(c *Cache, clock *testClock) error{
		"deleted": func(c *Cache, _ *testClock) error {
			for i := range 5 {
				if _, err := c.Delete(fmt.Sprintf("key:%d", i)); err != nil {
					return err
				}
			}
			return nil
		},
		"a family deleted": func(c *Cache, _ *testClock) error { _, err := c.MDelete("key:"); return err },
		"over": func(c *Cache, clock *testClock) error {
			clock.advance(time.Hour)
			_, err := c.Count("key:")
			return err
		},
		"shorter": func(c *Cache, _ *testClock) error { _, err := c.MSet("key:", []byte("w")); return err },
		"numbers": func(c *Cache, _ *testClock) error {
			if _, err := c.MSet("key:", []byte("1")); err != nil {
				return err
			}
			_, err := c.MInc("key:")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var used [2]Stats
			for n := range used {
				c, clock := withClock(t, Options{Compression: -1})
				for i := range 5 {
					set(t, c, fmt.Sprintf("key:%d", i), strings.Repeat("v", 100), time.Minute)
				}
				if n == 1 {
					if err := end(c, clock); err != nil {
						t.Fatal(err)
					}
				}
				var err error
				if used[n], err = c.Stats(); err != nil {
					t.Fatal(err)
				}
			}
			full, after := used[0], used[1]
			if after.MemoryUsed >= full.MemoryUsed || after.MemoryPeak < full.MemoryUsed {
				t.Errorf("%d bytes after %d, and the peak was %d", after.MemoryUsed, full.MemoryUsed, after.MemoryPeak)
			}
		})
	}
}
