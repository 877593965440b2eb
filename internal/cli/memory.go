package cli

import (
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
)

// openCache returns a cache as c has it, which counts what the rest of the
// process takes.
func openCache(c *config.Config) (*cache.Cache, error) {
	var opened atomic.Pointer[cache.Cache]
	o := cacheOptions(c)
	o.Overhead = overhead(c.MaxMemory, func() int64 { return itemsOnHeap(opened.Load()) })
	made, err := cache.New(o)
	if err == nil {
		opened.Store(made)
	}
	return made, err
}

// itemsOnHeap returns the bytes of the Go heap that are the cache's items.
func itemsOnHeap(c *cache.Cache) int64 {
	if c == nil || cache.OffHeap {
		return 0
	}
	s, err := c.Stats()
	if err != nil {
		return 0 // it was closed
	}
	return s.MemoryHeld
}

// runtimeMemory returns the bytes that the Go runtime has from the system: the
// heap, stacks and what it needs itself.
func runtimeMemory() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	var n [2]uint64
	for i := range s {
		if s[i].Value.Kind() == metrics.KindUint64 {
			n[i] = s[i].Value.Uint64()
		}
	}
	return int64(n[0]) - int64(n[1])
}

// overhead returns what a server's cache is told that the rest of the process
// takes, for a max_memory of that, 0 if the cache chooses it; items returns what
// of the heap is the cache's own. What the runtime will need under load is set
// aside from the start: a full cache gives memory back more slowly than a busy
// server takes it.
func overhead(maxMemory int64, items func() int64) func() int64 {
	least := int64(leastRuntime)
	if maxMemory > 0 {
		least = min(least, maxMemory/runtimeShare)
	}
	return func() int64 { return max(runtimeMemory()-items(), least) }
}

const (
	// runtimeShare is the part of max_memory that the runtime may take before
	// it collects garbage harder.
	runtimeShare = 8
	// leastRuntime is what it may always take: clients need buffers, however
	// small the cache is.
	leastRuntime = 32 << 20
)

// limitRuntime sets the runtime's soft limit for a server whose max_memory is
// that, at most to what it was at the start, which GOMEMLIMIT may have set.
func limitRuntime(maxMemory, most int64) {
	debug.SetMemoryLimit(min(most, softLimit(maxMemory, cache.OffHeap)))
}

// softLimit is that limit, for items that lie outside the heap or within.
func softLimit(maxMemory int64, offHeap bool) int64 {
	if !offHeap {
		return max(maxMemory, leastRuntime)
	}
	return max(maxMemory/runtimeShare, leastRuntime)
}
