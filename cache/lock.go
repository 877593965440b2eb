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
// seconds is then −1 and timer 0. An item is in this tree exactly if its record
// has flagLocked.
//
// A lock whose deadline has come is none, for every command: lockOf looks. Its
// memory is given back by that command, or by and by when the timer rings.
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

// encode writes the lock into its record.
func (l *lock) encode(rec []byte) {
	binary.LittleEndian.PutUint64(rec, uint64(l.deadline))
	binary.LittleEndian.PutUint64(rec[8:], uint64(l.seconds))
	binary.LittleEndian.PutUint32(rec[16:], l.timer)
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

// newLock returns a lock of the given seconds from now, −1 for until unlocked,
// and true; false for 0 and other negative numbers, which lock nothing.
func newLock(seconds int64, now instant) (lock, bool) {
	l := lock{deadline: never, seconds: seconds}
	switch {
	case seconds == 0 || seconds < -1:
		return lock{}, false
	case seconds > (math.MaxInt64-now.ms)/1000:
		l.seconds = -1 // past the clock's range
	case seconds > 0:
		l.deadline = now.ms + seconds*1000
	}
	return l, true
}

// lock locks an unlocked item as newLock has it.
func (c *Cache) lock(key []byte, it item, seconds int64, now instant) error {
	l, ok := newLock(seconds, now)
	if !ok {
		return nil
	}
	return c.putLock(key, key, it, &l)
}

// putLock gives an unlocked item the lock l. The locks that one command gives
// to the items under prefix share a timer: l keeps it from one call to the
// next.
func (c *Cache) putLock(key, prefix []byte, it item, l *lock) error {
	rec, err := c.locks.Put(key, lockSize)
	if err != nil {
		return ErrMemoryLimit
	}
	switch {
	case l.deadline == never:
	case l.timer == 0:
		l.timer = c.lockEnds.add(prefix, l.deadline, 1)
	default:
		c.lockEnds.timers.at(l.timer).note++
	}
	l.encode(rec)
	it.setLocked(true)
	c.changes()
	return nil
}

// lockAll gives all items under prefix the lock l and returns their number.
// The tree of locks must have none of them. It locks none of them if there is
// no memory for all.
func (c *Cache) lockAll(prefix []byte, l lock, now instant) (n int, err error) {
	if c.tree.Count(prefix) == 0 {
		return 0, nil
	}
	if l.deadline != never {
		l.timer = c.lockEnds.add(prefix, l.deadline, 0)
	}
	rec := make([]byte, lockSize)
	l.encode(rec)
	n, err = c.locks.PutRun(prefix, rec, func(yield func([]byte) bool) {
		c.tree.Walk(prefix, nil, func(key, rec []byte) bool {
			it := item(rec)
			it.setLocked(true)
			it.touch(now.unix)
			return yield(key)
		})
	})
	c.changes()
	if err != nil {
		c.tree.Walk(prefix, nil, func(_, rec []byte) bool {
			item(rec).setLocked(false)
			return true
		})
		c.disown(l.timer)
		return 0, err
	}
	if l.timer != 0 {
		c.lockEnds.timers.at(l.timer).note = uint32(n)
	}
	return n, nil
}

// unlock takes the lock off an item that has one.
func (c *Cache) unlock(key []byte, it item) {
	c.changes()
	c.disown(decodeLock(c.locks.Find(key)).timer)
	c.locks.Delete(key)
	it.setLocked(false)
}

// disown takes one lock from those that own a timer, 0 for none. The last one
// releases it.
func (c *Cache) disown(id uint32) {
	if id == 0 {
		return
	}
	if t := c.lockEnds.timers.at(id); t.note > 1 {
		t.note--
		return
	}
	c.lockEnds.remove(id)
	if c.ending.timer == id {
		c.ending.timer = 0
	}
}

// detachLocks forgets every lock under prefix at once. The caller has told the
// items.
func (c *Cache) detachLocks(prefix []byte) {
	c.changes()
	c.locks.Walk(prefix, nil, func(_, rec []byte) bool {
		c.disown(decodeLock(rec).timer)
		return true
	})
	if c.locks.Detach(prefix) > 0 {
		c.detached = true
	}
}
