package cache

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// zipfAndScans is a load in which a few keys are asked for again and again,
// and now and then many that are never asked for again.
func zipfAndScans(n int) []uint64 {
	r := rand.New(rand.NewPCG(3, 4))
	z := rand.NewZipf(r, 1.01, 10, 20_000)
	var keys []uint64
	for scan := uint64(1); len(keys) < n; scan++ {
		for range 10_000 {
			keys = append(keys, z.Uint64())
		}
		for i := range uint64(5_000) {
			keys = append(keys, scan<<32|i)
		}
	}
	return keys[:n]
}

// hits replays keys against a cache of that many items.
func hits(t *testing.T, keys []uint64, items int64, policy Eviction) int {
	t.Helper()
	c, _ := withClock(t, Options{MaxItems: items, Eviction: policy})
	n := 0
	for _, k := range keys {
		key := fmt.Sprintf("key:%x", k)
		if _, ok, err := c.Get(key); err != nil {
			t.Fatal(err)
		} else if ok {
			n++
		} else {
			set(t, c, key, "v", 0)
		}
	}
	return n
}

// sampledLRU replays keys against a cache of that many items that evicts the
// least recently used of ten.
func sampledLRU(keys []uint64, items int) int {
	r := rand.New(rand.NewPCG(5, 6))
	where, used, held := map[uint64]int{}, make([]int, 0, items), make([]uint64, 0, items)
	n := 0
	for now, k := range keys {
		if i, ok := where[k]; ok {
			used[i] = now
			n++
			continue
		}
		if len(held) < items {
			where[k] = len(held)
			held, used = append(held, k), append(used, now)
			continue
		}
		victim := r.IntN(items)
		for range 9 {
			if i := r.IntN(items); used[i] < used[victim] {
				victim = i
			}
		}
		delete(where, held[victim])
		where[k], held[victim], used[victim] = victim, k, now
	}
	return n
}

// TestHitRatio: frequency beats recency where scans go through the cache, and
// recency alone is as good as an exact clock makes it.
func TestHitRatio(t *testing.T) {
	t.Parallel()
	const items = 2000
	keys := zipfAndScans(100_000)
	percent := func(n int) float64 { return 100 * float64(n) / float64(len(keys)) }
	plain := percent(sampledLRU(keys, items))
	lfu, lru := percent(hits(t, keys, items, EvictLFU)), percent(hits(t, keys, items, EvictLRU))
	t.Logf("sampled LRU %.2f %%, lfu %.2f %%, lru %.2f %%", plain, lfu, lru)
	if lfu < plain+3 {
		t.Errorf("lfu hits %.2f %%, want 3 points more than the %.2f %% of a sampled LRU", lfu, plain)
	}
	if lru < plain-0.5 {
		t.Errorf("lru hits %.2f %%, want about the %.2f %% of a sampled LRU", lru, plain)
	}
}
