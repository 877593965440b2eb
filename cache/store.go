package cache

import (
	"encoding/binary"
	"math"
)

// This file holds the only code that changes items: every command comes down
// to one of these methods. They run with the cache locked for writing.

// find returns the live item of key, nil if there is none. An item whose life
// is over is removed on the way.
func (c *Cache) find(key []byte, now instant) item {
	it := item(c.tree.Find(key))
	if it == nil || !c.over(it, now) {
		return it
	}
	c.remove(key, it)
	return nil
}

// over reports whether the life of it has ended. It only reads.
func (c *Cache) over(it item, now instant) bool {
	id := it.timer()
	return id != 0 && c.wheel.timers.at(id).deadline <= now.ms
}

// store makes key a new item with the value v, whatever it was before. A life
// of ttl seconds begins now; none if ttl ≤ 0. old is what find returned for
// key; it must not be locked. If it has the right size it is written in place.
func (c *Cache) store(key []byte, old item, v content, ttl int64, now instant) error {
	if old != nil && len(old.value()) == v.size() && (ttl <= 0 || old.timed()) {
		c.account(old, -1)
		c.fill(key, old, header{timed: old.timed(), timer: old.timer()}, v, ttl, now)
		return nil
	}
	h := header{timed: ttl > 0 || v.size() >= roomyValue}
	var id uint32 // the old item's timer, to be used again
	if old != nil {
		id = old.timer()
		c.account(old, -1)
	}
	rec, err := c.tree.Put(key, h.size(v.size()))
	if err != nil {
		if old != nil {
			c.account(c.tree.Find(key), 1)
		}
		return ErrMemoryLimit
	}
	if h.timed {
		h.timer = id
	} else if id != 0 {
		c.wheel.remove(id)
	}
	c.fill(key, rec, h, v, ttl, now)
	return nil
}

// fill writes a new item into its record. h says whether there is a timer word
// and which timer is to be used again.
func (c *Cache) fill(key []byte, it item, h header, v content, ttl int64, now instant) {
	h.encoding, h.accessed, h.created = v.encoding, now.unix, now.unix
	it.encode(h)
	v.write(it.value())
	c.account(it, 1)
	c.figures.stored(now)
	if ttl > 0 {
		c.live(key, it, ttl, now)
	} else {
		c.unlive(it)
	}
}

// rewrite gives the item another value but keeps its life, lock and times. it
// is invalid afterwards; the result takes its place.
func (c *Cache) rewrite(key []byte, it item, v content) (item, error) {
	h := it.header()
	c.account(it, -1)
	rec, err := c.tree.Put(key, h.size(v.size()))
	if err != nil {
		c.account(c.tree.Find(key), 1)
		return nil, ErrMemoryLimit
	}
	h.encoding = v.encoding
	it = item(rec)
	it.encode(h)
	v.write(it.value())
	c.account(it, 1)
	return it, nil
}

// setLife lets the item end ttl seconds from now, or never if ttl ≤ 0. it is
// invalid afterwards.
func (c *Cache) setLife(key []byte, it item, ttl int64, now instant) error {
	if ttl <= 0 {
		c.unlive(it)
		return nil
	}
	if !it.timed() {
		h := it.header()
		h.timed = true
		value := c.squeeze.hold(it.value())
		rec, err := c.tree.Put(key, h.size(len(value)))
		if err != nil {
			return ErrMemoryLimit
		}
		it = item(rec)
		it.encode(h)
		copy(it.value(), value)
	}
	c.live(key, it, ttl, now)
	return nil
}

// live begins a life of an item that has a timer word.
func (c *Cache) live(key []byte, it item, ttl int64, now instant) {
	ttl = min(ttl, c.set.maxTTL)
	deadline := now.ms + ttl*1000
	if id := it.timer(); id != 0 {
		c.wheel.reset(id, deadline, uint32(ttl))
		return
	}
	it.setTimer(c.wheel.add(key, false, deadline, uint32(ttl)))
}

// unlive takes away the end of the item's life, if it has one.
func (c *Cache) unlive(it item) {
	if id := it.timer(); id != 0 {
		c.wheel.remove(id)
		it.setTimer(0)
	}
}

// remove removes the item, its timer and its lock.
func (c *Cache) remove(key []byte, it item) {
	if it.locked() {
		c.unlock(key, it)
	}
	c.free(it)
	c.tree.Delete(key)
}

// free gives back what an unlocked item holds outside the tree.
func (c *Cache) free(it item) {
	c.unlive(it)
	c.account(it, -1)
}

// detach removes every item under prefix at once, none of which is locked.
func (c *Cache) detach(prefix []byte) int {
	n := c.tree.Detach(prefix)
	c.detached = c.detached || n > 0
	return n
}

// reclaim gives back the memory of at most limit detached nodes.
func (c *Cache) reclaim(limit int) (more bool) {
	c.detached = c.tree.Reclaim(limit, func(rec []byte) { c.free(rec) })
	return c.detached
}

// A lock is a record of the tree of locks:
//
//	0          8          16      20
//	+----------+----------+-------+
//	| deadline | seconds  | timer |   little endian
//	+----------+----------+-------+
//
// deadline is in milliseconds, never if the lock does not end by itself, and
// seconds is then −1. An item is in this tree exactly if its record has
// flagLocked.
const lockSize = 20

type lock struct {
	deadline int64
	seconds  int64
	timer    uint32
}

func decodeLock(rec []byte) lock {
	return lock{
		deadline: int64(binary.LittleEndian.Uint64(rec)),
		seconds:  int64(binary.LittleEndian.Uint64(rec[8:])),
		timer:    binary.LittleEndian.Uint32(rec[16:]),
	}
}

// lockOf returns the lock of an item and whether it has one that is not over.
// A lock that is over is taken away.
func (c *Cache) lockOf(key []byte, it item, now instant) (lock, bool) {
	if !it.locked() {
		return lock{}, false
	}
	l := decodeLock(c.locks.Find(key))
	if l.deadline <= now.ms {
		c.unlock(key, it)
		return lock{}, false
	}
	return l, true
}

// isLocked reports whether the item is locked.
func (c *Cache) isLocked(key []byte, it item, now instant) bool {
	_, locked := c.lockOf(key, it, now)
	return locked
}

// lock locks an unlocked item for the given seconds, −1 for until unlocked.
// 0 and other negative numbers lock nothing.
func (c *Cache) lock(key []byte, it item, seconds int64, now instant) error {
	l := lock{deadline: never, seconds: seconds}
	switch {
	case seconds == 0 || seconds < -1:
		return nil
	case seconds > (math.MaxInt64-now.ms)/1000:
		l.seconds = -1 // past the clock's range
	case seconds > 0:
		l.deadline = now.ms + seconds*1000
	}
	rec, err := c.locks.Put(key, lockSize)
	if err != nil {
		return ErrMemoryLimit
	}
	if l.deadline != never {
		l.timer = c.wheel.add(key, true, l.deadline, 0)
	}
	binary.LittleEndian.PutUint64(rec, uint64(l.deadline))
	binary.LittleEndian.PutUint64(rec[8:], uint64(l.seconds))
	binary.LittleEndian.PutUint32(rec[16:], l.timer)
	it.setLocked(true)
	return nil
}

// unlock takes the lock off an item that has one.
func (c *Cache) unlock(key []byte, it item) {
	if l := decodeLock(c.locks.Find(key)); l.timer != 0 {
		c.wheel.remove(l.timer)
	}
	c.locks.Delete(key)
	it.setLocked(false)
}
