package cache

import "fmt"

// SetMaxMemory changes Options.MaxMemory of a cache that is in use: to less,
// and again to more, up to what it was in New, for which address space was set
// aside. 0 means that. Another value is an error that says what is allowed,
// and changes nothing.
//
// If the cache takes more than the new limit, the policies that evict make
// items go, in small steps in the background. EvictGCRatio looks at once for items that
// nobody used. With EvictNone, and where that is not enough, nothing more is
// stored until items have gone in other ways.
func (c *Cache) SetMaxMemory(bytes int64) error {
	if bytes == 0 {
		bytes = c.mostMemory
	}
	if bytes < 0 || bytes > c.mostMemory {
		return badOption("MaxMemory", bytes, fmt.Sprintf("0 to %d bytes, what the cache was made with", c.mostMemory))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.set.MaxMemory = bytes
	c.changes()
	c.memory.others = min(c.memory.others, bytes/2)
	if c.set.Eviction.evicts() {
		c.watch(0)
	}
	c.loseSpare() // it was for another limit
	c.collector.next = c.time.now().ms
	c.shrinking = true
	c.rouse()
	return nil
}

// shrink does one step of getting below a lowered limit and reports whether
// there is more to do.
func (c *Cache) shrink(now instant) (more bool) {
	if !c.shrinking {
		return false
	}
	before := c.used()
	if c.set.Eviction.evicts() && before > c.budget() {
		c.evictFor(&demand{}, now)
	}
	// The rest of the memory may be of what is no item.
	c.shrinking = c.used() > c.budget() && c.used() < before
	return c.shrinking
}
