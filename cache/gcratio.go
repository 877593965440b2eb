package cache

// collector removes items that nobody uses while the memory limit is reached:
// the policy EvictGCRatio. A pass goes through all items in steps.
type collector struct {
	next    int64 // when the memory is compared with the limit, in milliseconds
	running bool
	from    []byte // where the next step of the pass begins
}

// collect does one step of a pass, or begins one if it is time for it, and
// reports whether there is more to do.
func (c *Cache) collect(now instant) (more bool) {
	g := &c.collector
	if !g.running && (c.set.Eviction != EvictGCRatio || now.ms < g.next) {
		return false
	}
	// After a step of the wall clock everything looks used long ago, or in the
	// future. Once the ratio is over, what was used since tells itself apart.
	if until := c.time.stepped.Load() + c.set.gcRatio*1000; now.ms < until {
		g.running, g.next = false, until
		return false
	}
	if !g.running {
		g.next = now.ms + c.set.GCInterval.Milliseconds()
		if !c.atLimit() {
			return false
		}
		g.from = nil
	}
	from := g.from
	left := tidyWork
	g.running = false
	c.aside.reset()
	c.tree.Walk(nil, from, func(key, rec []byte) bool {
		it := item(rec)
		unused := int64(now.unix) - int64(it.accessed())
		full := false
		if (unused >= c.set.gcRatio || unused < 0) && !c.over(it, now) && !c.isLocked(key, it, now) {
			full = c.aside.add(key)
		}
		left--
		if full {
			left = 0
		}
		if left == 0 {
			g.running = true
			g.from = after(nil, key)
		}
		return left > 0
	})
	c.aside.each(func(key []byte) {
		it := item(c.tree.Seek(key))
		c.evicted(key)
		c.removeSought(key, it)
	})
	c.aside.trim()
	return g.running
}
