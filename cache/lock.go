package cache

import (
	"encoding/binary"
	"math"
)

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
	return c.putLock(key, it, l)
}

// putLock gives an unlocked item the lock l and, unless that is until it is
// unlocked, its timer.
func (c *Cache) putLock(key []byte, it item, l lock) error {
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
	c.memory.stale = true
	return nil
}

// unlock takes the lock off an item that has one.
func (c *Cache) unlock(key []byte, it item) {
	if l := decodeLock(c.locks.Find(key)); l.timer != 0 {
		c.wheel.remove(l.timer)
	}
	c.locks.Delete(key)
	it.setLocked(false)
	c.memory.stale = true
}

// detachLocks forgets every lock under prefix at once. The caller has told the
// items.
func (c *Cache) detachLocks(prefix []byte) {
	c.locks.Walk(prefix, nil, func(_, rec []byte) bool {
		if l := decodeLock(rec); l.timer != 0 {
			c.wheel.remove(l.timer)
		}
		return true
	})
	if c.locks.Detach(prefix) > 0 {
		c.detached = true
		c.memory.stale = true
	}
}
