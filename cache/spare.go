package cache

// The sketch of a large cache takes many megabytes, which the Go runtime may have
// to clear and the system to find. The background goroutine gets them before they
// are needed, without the lock:
//
//	bytes   0 ........... 7/16 ......... 1/2 ............... the limit
//	                      spare is made  sketch takes it
//	items   0 ........... 7/8 .......... 1 ................. of twice what the sketch was made for
//	                      spare is made  a larger sketch takes it
const (
	// spareMargin is, as a part of the limit or of the items, how long before.
	spareMargin = 8
	// spareLeast is the size of the smallest sketch, in words, that is worth it.
	spareLeast = 32 << 10
)

// wantsSpare returns how many words are to be made ready for the next sketch, 0
// for none. What the cache takes must have been added up.
func (c *Cache) wantsSpare() int {
	e := &c.evictor
	if !e.lfu || e.spare != nil || c.closed {
		return 0
	}
	n, items := 0, c.tree.Len()
	switch {
	case e.on:
		if s := e.sketch; s.old == nil && items > 2*s.items-2*s.items/spareMargin {
			// With as many items as make it grow. At the limit others go for it, as
			// they would then.
			n = s.growsTo(2 * (2*s.items + 1))
		}
	case c.nearWatch(items):
		n = sketchWords(c.capacity(c.memory.used))
		if c.memory.nowHeld+int64(n)*8 > c.budget() {
			n = 0
		}
	}
	if n < spareLeast {
		n = 0
	}
	return n
}

// nearWatch reports whether watch is about to begin.
func (c *Cache) nearWatch(items int) bool {
	limit, most := c.set.MaxMemory/watchShare, c.set.MaxItems/watchShare
	return c.memory.used > limit-limit/spareMargin || most > 0 && int64(items) >= most-most/spareMargin
}

// makeSpare gets that many words, without the lock, and hands them over.
func (c *Cache) makeSpare(words int) {
	spare := make([]uint64, words)
	const page = 4 << 10 / 8
	for i := 0; i < len(spare); i += page {
		spare[i] = 0 // Go's memory may be the system's that nobody has touched
	}
	c.mu.Lock()
	c.beginHold()
	defer c.unlockHeld(true, false)
	if c.wantsSpare() > 0 {
		c.evictor.spare = spare
		c.memory.stale = true
	}
}

// dropSpare lets the words go if the cache has become far from its limits.
func (c *Cache) dropSpare() {
	e := &c.evictor
	if e.spare == nil || e.on || c.used() >= c.set.MaxMemory/(2*watchShare) {
		return
	}
	if most := c.set.MaxItems; most == 0 || int64(c.tree.Len()) < most/(2*watchShare) {
		e.spare = nil
		c.memory.stale = true
	}
}
