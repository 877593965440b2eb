package cache

import "github.com/gogibson/gibson/internal/radix"

// memory is what the cache takes, in bytes. Adding it up is not for every
// command, so what changes it says so.
type memory struct {
	used  int64
	stale bool // used is from before the last change
	peak  int64
	held  int64        // the most that the tree ever held
	locks radix.Memory // as it was when used was added up last

	nowHeld int64 // what the system has given for all of it, as far as is known
	others  int64 // what Options.Overhead said last

	moving bool  // a compaction is under way
	look   int64 // when to look whether another one is worth it
	stuck  int64 // how much the holes took when nothing could be moved
}

// used returns the bytes that the cache takes, all of its overhead included.
func (c *Cache) used() int64 {
	if c.memory.stale {
		c.addUp()
	}
	return c.memory.used
}

// addUp brings used and all that goes with it up to date.
func (c *Cache) addUp() {
	m := &c.memory
	used, held := c.tree.Taken()
	if c.locks.Len() > 0 || c.detached || m.locks.Used > 0 { // most of the time there are none
		m.locks = c.locks.Memory()
	}
	own := c.own()
	m.used = used + m.locks.Used + own
	m.nowHeld = held + m.locks.Held + own
	m.stuck = min(m.stuck, m.nowHeld-m.used)
	m.stale = false
	m.peak = max(m.peak, m.used)
	m.held = max(m.held, held)
}

// own returns what lies in the Go heap wherever items are.
func (c *Cache) own() int64 { return c.wheel.bytes() + c.lockEnds.bytes() + c.evictor.bytes() }

// heap returns the bytes of the Go heap that are the cache's.
func (c *Cache) heap() int64 {
	if OffHeap {
		return c.own()
	}
	// Holes are part of the slices, but not of what is held.
	return c.own() + c.tree.Memory().Span + c.locks.Memory().Span
}

// budget returns the bytes that the cache itself may take.
func (c *Cache) budget() int64 { return c.set.MaxMemory - c.memory.others }

// atLimit reports whether a policy that does not evict for each SET has no room
// left. Some holes are no reason: those that are worth it are closed.
func (c *Cache) atLimit() bool {
	used := c.used()
	return used >= c.budget() || used > c.set.MaxMemory/watchShare && c.heldFarTooMuch()
}

// full reports whether the limit is reached and the policy does not evict. What
// is over, and what detached families still take, goes first, as far as it
// helps, and so do the holes between items.
func (c *Cache) full(now instant) bool {
	if c.set.Eviction.evicts() {
		return false
	}
	c.closeHoles(0)
	for c.atLimit() || c.set.MaxItems > 0 && int64(c.tree.Len()) >= c.set.MaxItems {
		switch {
		case c.wheel.due(now.ms):
			c.expire(now.ms, tidyWork)
		case c.detached:
			c.reclaim(tidyWork)
		default:
			return true
		}
	}
	return false
}
