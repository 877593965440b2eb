package cache

// ending is how far the locks are given back of a timer that rings: one that
// many locks own rings again and again, for a few at a time.
type ending struct {
	timer uint32 // 0 for none
	from  []byte // its locks before this key are done
	keys  keyList
	key   []byte // a buffer
}

const (
	// endingVisits is how many locks are looked at when a timer rings.
	endingVisits = 8
	// endingRings is how many times fewer timers of locks than of items are
	// handled in one step.
	endingRings = 4
)

// endLocks gives the memory of locks back that are over, handling at most limit
// timers.
func (c *Cache) endLocks(ms int64, limit int) (done bool) {
	return c.lockEnds.advance(ms, limit, c.ringLocks)
}

// ringLocks is called by the wheel of locks for a timer whose time has come.
func (c *Cache) ringLocks(id uint32) {
	e := &c.ending
	if e.timer != id {
		e.timer, e.from = id, e.from[:0]
	}
	t := c.lockEnds.timers.at(id)
	e.key = c.lockEnds.keys.appendTo(e.key[:0], t.key, int(t.keyLen))
	visits := endingVisits
	c.locks.Walk(e.key, e.from, func(key, rec []byte) bool {
		visits--
		e.from = after(e.from[:0], key)
		if decodeLock(rec).timer == id && e.keys.add(key) {
			return false
		}
		return visits > 0
	})
	e.keys.each(func(key []byte) { c.unlock(key, c.tree.Find(key)) })
	e.keys.reset()
	if e.timer == id { // there are more: it rings again
		c.lockEnds.reset(id, t.deadline, t.note)
	}
	e.trim()
}

// trim gives large buffers back. Long keys cost a little time then.
func (e *ending) trim() {
	e.keys.trim()
	if cap(e.key) > keptBuffer {
		e.key = nil
	}
	if cap(e.from) > keptBuffer && e.timer == 0 {
		e.from = nil
	}
}
