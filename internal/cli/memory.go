package cli

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/internal/resident"
)

// openCache returns a cache as c has it, which counts what the rest of the
// process takes, the pages of the program's file included, and tells limit what it
// has in the heap.
func openCache(c *config.Config, limit *runtimeLimit) (*cache.Cache, error) {
	o := cacheOptions(c)
	var files lastKnown
	o.Overhead = func(own int64) int64 {
		return overhead(limit.own(own), runtimeMemory(), own) + files.of(resident.Files())
	}
	made, err := cache.New(o)
	if err == nil {
		limit.maxMemory(made.Options().MaxMemory)
	}
	return made, err
}

// lastKnown is a size that is not always told: a process with no descriptor left cannot
// read what the system says about it, and items must not have that memory for it.
type lastKnown struct{ size atomic.Int64 }

// of returns n, or the last one before if n is 0.
func (l *lastKnown) of(n int64) int64 {
	if n == 0 {
		return l.size.Load()
	}
	l.size.Store(n)
	return n
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

// overhead returns how many bytes of max_memory the runtime's part is, of what the
// runtime has from the system; own is how much of that is the cache's. maxMemory is 0
// if it is not known yet. What the runtime will need under load is set
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

// runtimeLimit sets the runtime's soft limit. It may be used by many goroutines.
type runtimeLimit struct {
	most int64 // the limit at the start, which GOMEMLIMIT may have set

	mu        sync.Mutex
	max       int64 // max_memory, 0: not known yet
	ownMemory int64 // what the cache has in the heap
	set       int64 // 0: not yet
}

// maxMemory notes the max_memory that is in effect.
func (l *runtimeLimit) maxMemory(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.max = n
	l.follow()
}

// own notes what the cache has in the heap and returns the max_memory that is in
// effect, 0 if it is not known yet.
func (l *runtimeLimit) own(n int64) (maxMemory int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ownMemory = n
	l.follow()
	return l.max
}

// follow sets the limit, once it has moved by a sixteenth: less changes nothing
// that could be noticed.
func (l *runtimeLimit) follow() {
	if l.max == 0 {
		return
	}
	to := min(l.most, softLimit(l.max, l.ownMemory))
	if d := to - l.set; -l.set/16 < d && d < l.set/16 {
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
