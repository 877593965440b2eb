package cli

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
)

// openCache returns a cache as c has it, which counts what the rest of the
// process takes, and sets the runtime's limit, at most to most.
func openCache(c *config.Config, most int64) (*cache.Cache, error) {
	var opened atomic.Pointer[cache.Cache]
	o := cacheOptions(c)
	limit := &runtimeLimit{most: most}
	o.Overhead = func() int64 {
		s := figuresOf(opened.Load())
		limit.follow(s.MemoryUsable, s.MemoryHeap)
		return overhead(c.MaxMemory, runtimeMemory(), s.MemoryHeap)
	}
	made, err := cache.New(o)
	if err == nil {
		limit.follow(made.Options().MaxMemory, 0)
		opened.Store(made)
	}
	return made, err
}

// figuresOf returns the figures of c, none if it is not there yet or closed.
func figuresOf(c *cache.Cache) cache.Stats {
	if c == nil {
		return cache.Stats{}
	}
	s, _ := c.Stats()
	return s
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

// overhead returns what the cache of a server is told that the rest of the process
// takes, for a max_memory of that, 0 if the cache chooses it; own is what of the
// runtime's memory is the cache's. What the runtime will need under load is set
// aside from the start: a full cache gives memory back more slowly than a busy
// server takes it.
func overhead(maxMemory, runtime, own int64) int64 {
	least := int64(leastRuntime)
	if maxMemory > 0 {
		least = min(least, maxMemory/runtimeShare)
	}
	return max(runtime-own, least)
}

const (
	// runtimeShare is the part of max_memory that the runtime may take beside
	// what the cache has in the heap before it collects garbage harder.
	runtimeShare = 8
	// leastRuntime is what it may always take: clients need buffers, however
	// small the cache is.
	leastRuntime = 32 << 20
)

// runtimeLimit sets the runtime's soft limit.
type runtimeLimit struct {
	most int64 // the limit at the start, which GOMEMLIMIT may have set
	mu   sync.Mutex
	set  int64 // 0: not yet
}

// follow sets the limit for a server with that max_memory, 0 if it is not known
// yet, whose cache has own bytes in the heap. That stops the process for a
// moment, so it waits until the limit has moved by a sixteenth.
func (l *runtimeLimit) follow(maxMemory, own int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	to := min(l.most, softLimit(maxMemory, own))
	if d := to - l.set; maxMemory == 0 || -l.set/16 < d && d < l.set/16 {
		return
	}
	l.set = to
	debug.SetMemoryLimit(to)
}

// softLimit is that limit. What the cache has in the heap comes on top, with an
// eighth of room: it is live, and a limit below what is live would make the
// runtime collect garbage all the time, and free nothing.
func softLimit(maxMemory, own int64) int64 {
	return max(maxMemory/runtimeShare, leastRuntime) + own + own/8
}
