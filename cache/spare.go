package cache

// The sketch of a large cache takes many megabytes, which the Go runtime may have
// to clear and the system to find. The background goroutine gets them, without the
// lock: for the first sketch before it is needed,
//
//	0 ............. 7/16 .......... 1/2 ........ of the limit, in bytes or items
//	                spare is made   the sketch takes it
//
// and for a larger one when there are twice as many items as the present one is
// for, which does no harm for a while.
const (
	// spareMargin is how long before, as a part of what makes watch begin.
	spareMargin = 8
	// spareLeast is the size of the smallest sketch, in words, that is worth it.
	spareLeast = 32 << 10
)

// wantsSpare returns how many words makeSpare is to make, 0 for none. What the
// cache takes must have been added up.
func (c *Cache) wantsSpare() int {
	e := &c.evictor
	if !e.lfu || c.closed {
		return 0
	}
	items := c.tree.Len()
	if e.on {
		if !e.sketch.outgrown(items) {
			return 0
		}
		return e.sketch.growsTo(2 * items)
	}
	if !c.nearWatch(items) {
		return 0
	}
	n := sketchWords(c.capacity(c.usedByItems()))
	if n < spareLeast || fits(e.spare, n) || c.memory.nowHeld+int64(n)*8 > c.budget() {
		return 0
	}
	return n
}

// nearWatch reports whether watch is about to begin.
func (c *Cache) nearWatch(items int) bool {
	limit, most := c.set.MaxMemory/watchShare, c.set.MaxItems/watchShare
	return c.usedByItems() > limit-limit/spareMargin || most > 0 && int64(items) >= most-most/spareMargin
}

// usedByItems is used without what is ready for a sketch.
func (c *Cache) usedByItems() int64 { return c.used() - bytesOf(c.evictor.spare) }

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
	e, n := &c.evictor, c.wantsSpare()
	switch {
	case n == 0 || !fits(spare, n) || e.on && len(spare) < n: // not any more, or not of that size
		return
	case e.on:
		e.sketch.grow(2*c.tree.Len(), spare)
	default:
		e.spare = spare
	}
	c.changes()
}

// dropSpare lets the words go if the cache has become far from its limits.
func (c *Cache) dropSpare() {
	e := &c.evictor
	if e.spare == nil || c.usedByItems() >= c.set.MaxMemory/(2*watchShare) {
		return
	}
	if most := c.set.MaxItems; most == 0 || int64(c.tree.Len()) < most/(2*watchShare) {
		c.loseSpare()
	}
}

// loseSpare lets the words go.
func (c *Cache) loseSpare() {
	if c.evictor.spare != nil {
		c.evictor.spare = nil
		c.changes()
	}
}

// fits reports whether a sketch that needs n words may lie in spare: at most twice
// as many, or a quarter less.
func fits(spare []uint64, n int) bool { return len(spare) >= n-n/4 && len(spare) <= 2*n }
