package cli

import (
	"math"
	"testing"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
)

// TestItemsAreNotOverhead: wherever items lie, they count once.
func TestItemsAreNotOverhead(t *testing.T) {
	t.Parallel()
	c, err := config.Resolve(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.MaxMemory, c.Compression = 1<<30, -1
	items, err := openCache(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = items.Close() })
	const size = 64 << 20
	for i := range size >> 20 {
		if err := items.Set(string(rune('A'+i)), make([]byte, 1<<20), cache.Forever); err != nil {
			t.Fatal(err)
		}
	}
	s, err := items.Stats()
	if err != nil || s.MemoryUsed < size {
		t.Fatalf("%d bytes taken (%v), want %d or more", s.MemoryUsed, err, size)
	}
	// Whatever else the process takes, it is the same with and without them.
	with := overhead(math.MaxInt64, func() int64 { return 0 })()
	without := overhead(math.MaxInt64, func() int64 { return itemsOnHeap(items) })()
	if got := with - without; !cache.OffHeap && got < size/2 || cache.OffHeap && itemsOnHeap(items) != 0 {
		t.Errorf("items on the heap: %d bytes, which make the overhead %d less; off the heap: %v", itemsOnHeap(items), got, cache.OffHeap)
	}
	if _ = items.Close(); itemsOnHeap(items) != 0 || itemsOnHeap(nil) != 0 {
		t.Error("a cache that is closed, or not there yet, has items on the heap")
	}
}

func TestSoftLimit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		maxMemory int64
		offHeap   bool
		want      int64
	}{
		{8 << 30, true, 1 << 30},
		{8 << 30, false, 8 << 30},
		{1 << 20, true, leastRuntime},
		{1 << 20, false, leastRuntime},
	} {
		if got := softLimit(tc.maxMemory, tc.offHeap); got != tc.want {
			t.Errorf("a max_memory of %d, items off the heap: %v: soft limit of %d, want %d", tc.maxMemory, tc.offHeap, got, tc.want)
		}
	}
}
