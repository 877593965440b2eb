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
}

// used returns the bytes that the cache takes.
func (c *Cache) used() int64 {
	if m := &c.memory; m.stale {
		tree := c.tree.Memory()
		m.used = tree.Used + c.locks.Memory().Used + c.wheel.bytes()
		m.stale = false
		m.peak = max(m.peak, m.used)
		m.held = max(m.held, tree.Held)
	}
	return c.memory.used
}

// full reports whether the memory limit is reached. What detached families
// still take is given back first, as far as it helps.
func (c *Cache) full(instant) bool {
	for c.used() >= c.set.MaxMemory {
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
