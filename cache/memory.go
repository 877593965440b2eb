package cache

import "github.com/gogibson/gibson/internal/radix"

// memory is what the cache takes, in bytes. Adding it up, and looking at what
// follows from the sum, is not for every command, so what changes it says so: new
// items and timers by how much, everything else by changes.
type memory struct {
	used int64
	// grown is what the cache may have grown by since used was added up, and
	// unlooked the same since End looked at it: unknown if changes was called.
	grown    int64
	unlooked int64
	// peak is the most that was used between batches, or in one before less was.
	peak  int64
	held  int64        // the most that the tree ever held
	locks radix.Memory // as it was when used was added up last

	nowHeld int64 // what the system has given for all of it, as far as is known
	others  int64 // what Options.Overhead said last

	moving bool  // a compaction is under way
	next   int64 // when to see whether another one is worth it
	stuck  int64 // how much the holes took when nothing could be moved
}

const (
	// End looks at what the cache takes when that has grown by 1/lookShare of the
	// limit or lookMost: far less than memory is filled ahead, or than any of the
	// decisions that follow depends on.
	lookShare = 1 << 10
	lookMost  = 32 << 10
	// unknown is a growth that only adding up tells.
	unknown = 1 << 62
	// growthBytes is about the most that a new item takes beside its record and its key,
	// which may stand in a leaf and in nodes.
	growthBytes = 512
)

// changes says that what the cache takes is about to change in another way than
// grows says, or has just grown.
func (c *Cache) changes() {
	m := &c.memory
	if m.grown < unknown {
		c.used() // for the peak: it may be past in a moment
	}
	m.grown, m.unlooked = unknown, unknown
}

// grows says that an item of so many bytes is about to be made, or that what goes
// with one takes that much.
func (c *Cache) grows(bytes int) {
	n := int64(bytes) + growthBytes
	c.memory.grown += n
	c.memory.unlooked += n
}

// littleGrowth is the growth that is worth a look.
func (c *Cache) littleGrowth() int64 { return min(c.set.MaxMemory/lookShare, lookMost) }

// used returns the bytes that the cache takes, all of its overhead included.
func (c *Cache) used() int64 {
	if c.memory.grown > 0 {
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
	m.grown = 0
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
