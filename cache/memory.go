package cache

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
)

// memory is what the cache takes, in bytes. Adding it up is not for every
// command, so what changes it says so.
type memory struct {
	used  int64
	stale bool // used is from before the last change
	peak  int64
	held  int64 // the most that the tree ever held

	nowHeld int64 // what the system has given for all of it, as far as is known
	others  int64 // what Options.Overhead said last

	moving bool  // a compaction is under way
	look   int64 // when to look whether another one is worth it
}

// used returns the bytes that the cache takes, all of its overhead included.
func (c *Cache) used() int64 {
	if m := &c.memory; m.stale {
		tree, locks := c.tree.Memory(), c.locks.Memory()
		own := c.wheel.bytes() + c.evictor.bytes()
		m.used = tree.Used + locks.Used + own
		m.nowHeld = tree.Held + locks.Held + own
		m.stale = false
		m.peak = max(m.peak, m.used)
		m.held = max(m.held, tree.Held)
	}
	return c.memory.used
}

// budget returns the bytes that the cache itself may take.
func (c *Cache) budget() int64 { return c.set.MaxMemory - c.memory.others }

// full reports whether the limit is reached and the policy does not evict. What detached families
// still take is given back first, as far as it helps.
func (c *Cache) full(instant) bool {
	if c.set.Eviction.evicts() {
		return false
	}
	for c.used() >= c.budget() || c.set.MaxItems > 0 && int64(c.tree.Len()) >= c.set.MaxItems {
		if !c.detached {
			return true
		}
		c.reclaim(tidyWork)
	}
	return false
}

// systemMemory returns how many bytes of memory the machine has, or the
// process's control group may use if that is less; 0 where neither can be told.
func systemMemory() int64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	memory := int64(0)
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		memory = parseMeminfo(b)
	}
	for _, name := range []string{
		"/sys/fs/cgroup/memory.max",                   // version 2
		"/sys/fs/cgroup/memory/memory.limit_in_bytes", // version 1
	} {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		// "max", or a number beyond the machine, means no limit.
		limit, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
		if err == nil && limit > 0 && (memory == 0 || limit < memory) {
			memory = limit
		}
	}
	return memory
}

// parseMeminfo returns the MemTotal of /proc/meminfo in bytes, 0 if it has
// none.
func parseMeminfo(b []byte) int64 {
	for line := range bytes.Lines(b) {
		f := bytes.Fields(line)
		if len(f) == 3 && string(f[0]) == "MemTotal:" && string(f[2]) == "kB" {
			n, err := strconv.ParseInt(string(f[1]), 10, 64)
			if err == nil && n > 0 {
				return n << 10
			}
		}
	}
	return 0
}
