package cache

import (
	"errors"

	"github.com/gogibson/gibson/internal/radix"
)

// This file, and lock.go for locks, hold the only code that changes items:
// every command comes down to one of these methods. They run with the cache
// locked for writing.

// find returns the live item of key, nil if there is none. An item whose life
// is over is removed on the way. put may follow for the same key.
func (c *Cache) find(key []byte, now instant) item {
	it := item(c.tree.Seek(key))
	if it == nil || !c.over(it, now) {
		return it
	}
	c.figures.expired++
	c.removals.add(key, CauseExpired)
	c.removeSought(key, it)
	return nil
}

// put makes the record of key size bytes long, as the tree's Put does. The
// tree's last Seek must have been for key: its way is used again, unless the
// tree has changed since. Who calls it says before that the memory changes.
func (c *Cache) put(key []byte, size int) (item, error) {
	rec, err := c.tree.Store(size)
	if err != nil && errors.Is(err, radix.ErrNoSeek) {
		rec, err = c.tree.Put(key, size)
	}
	if err != nil {
		return nil, ErrMemoryLimit
	}
	return rec, nil
}

// over reports whether the life of it has ended. It only reads.
func (c *Cache) over(it item, now instant) bool {
	id := it.timer()
	return id != 0 && c.wheel.timers.at(id).deadline <= now.ms
}

// store makes key a new item with the value v, whatever it was before. A life
// of ttl seconds begins now; none if ttl ≤ 0. old is what find just returned
// for key; it must not be locked. If it has the right size it is written in place.
func (c *Cache) store(key []byte, old item, v *content, ttl int64, now instant) error {
	var h header
	if old != nil && inPlace(old, v.size(), ttl) {
		c.account(old, -1)
		h.timed, h.timer, h.use = old.timed(), old.timer(), c.evictor.renew(key, old, now)
		c.fill(key, old, &h, v, ttl, now)
		return nil
	}
	h.timed = ttl > 0 || v.size() >= roomyValue
	var id uint32 // the old item's timer, to be used again
	if old != nil {
		id, h.use = old.timer(), c.evictor.renew(key, old, now)
		c.account(old, -1)
		c.changes()
	} else {
		c.grows(2*len(key) + v.size())
	}
	it, err := c.put(key, h.size(v.size()))
	if err != nil {
		if old != nil {
			c.account(c.tree.Find(key), 1)
		}
		return err
	}
	if old == nil && c.evictor.on {
		h.use = c.evictor.admit(key, now)
	}
	if h.timed {
		h.timer = id
	} else if id != 0 {
		c.wheel.remove(id) // it was said that the memory changes
	}
	c.fill(key, it, &h, v, ttl, now)
	return nil
}

// inPlace reports whether a new item with a value of size bytes and a life of ttl fits exactly where old
// is; the tree does not change then.
func inPlace(old item, size int, ttl int64) bool {
	return len(old.value()) == size && (ttl <= 0 || old.timed())
}

// fill writes a new item into its record. h says whether there is a timer word
// and which timer is to be used again.
func (c *Cache) fill(key []byte, it item, h *header, v *content, ttl int64, now instant) {
	h.encoding, h.accessed, h.created = v.encoding, now.unix, now.unix
	it.encode(h)
	v.write(it.value())
	if v.encoding == compressed { // else account needs no call, and below unlive
		c.account(it, 1)
	}
	c.figures.stored(now)
	if ttl > 0 {
		c.live(key, it, ttl, now)
	} else if h.timer != 0 {
		c.unlive(it)
	}
}

// rewrite gives the item another value but keeps its life, lock and times. it
// is invalid afterwards; the result takes its place. A value of the same size
// is written in place.
func (c *Cache) rewrite(key []byte, it item, v content) (item, error) {
	h := it.header()
	c.account(it, -1)
	if len(it.value()) != v.size() {
		c.changes()
		var err error
		if it, err = c.put(key, h.size(v.size())); err != nil {
			c.account(c.tree.Find(key), 1)
			return nil, err
		}
	}
	h.encoding = v.encoding
	it.encode(&h)
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
		c.changes()
		var err error
		if it, err = c.put(key, h.size(len(value))); err != nil {
			return err
		}
		it.encode(&h)
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
	it.setTimer(c.wheel.add(key, deadline, uint32(ttl)))
	c.grows(len(key))
}

// unlive takes away the end of the item's life, if it has one.
func (c *Cache) unlive(it item) {
	if id := it.timer(); id != 0 {
		c.changes()
		c.wheel.remove(id)
		it.setTimer(0)
	}
}

// remove removes the item, its timer and its lock.
func (c *Cache) remove(key []byte, it item) {
	c.release(key, it)
	c.tree.Delete(key)
}

// removeSought is remove for the key of the tree's last Seek, after which the
// tree did not change.
func (c *Cache) removeSought(key []byte, it item) {
	c.release(key, it)
	c.tree.Remove()
}

// release gives back what an item holds outside the tree.
func (c *Cache) release(key []byte, it item) {
	c.changes()
	if it.locked() {
		c.unlock(key, it)
	}
	c.free(it)
}

// free gives back what an unlocked item holds outside the tree.
func (c *Cache) free(it item) {
	c.unlive(it)
	c.account(it, -1)
	if it.fresh() {
		c.evictor.waiting--
	}
}

// detach removes every item under prefix at once, none of which is locked.
func (c *Cache) detach(prefix []byte) int {
	c.changes()
	n := c.tree.Detach(prefix)
	c.detached = c.detached || n > 0
	return n
}

// reclaim gives back the memory of at most limit detached nodes, of items first
// and then of locks.
func (c *Cache) reclaim(limit int) (more bool) {
	c.changes()
	if !c.tree.Reclaim(limit, func(rec []byte) { c.free(rec) }) {
		c.detached = c.locks.Reclaim(limit, nil)
	}
	return c.detached
}
