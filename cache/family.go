package cache

// The commands on a family: every item whose key begins with a prefix. Each
// first removes all items whose life is over, so none has to be looked at one
// by one. Locks that are over may still be there: isLocked tells.

// settleWork is how many timers Settle looks at.
const settleWork = 512

// Settle looks at a bounded number of ends that are due, removes the items whose
// life is over, and reports whether nothing is due any more. Walk, Stats, Weigh,
// Count and all that begins with M remove what is left, however long that takes
// with the cache locked: after false, end the batch and begin another one, and
// nobody has to wait for long. That comes to an end: SET and TTL deal with more
// ends than they add.
func (b *Batch) Settle() bool {
	return !b.c.wheel.due(b.now.ms) || b.c.expire(b.now.ms, settleWork)
}

// settle removes every item whose life is over.
func (b *Batch) settle() {
	if b.c.wheel.due(b.now.ms) {
		b.c.expire(b.now.ms, -1)
	}
}

// Count returns the number of items under prefix. Its cost is the length of
// prefix.
func (b *Batch) Count(prefix []byte) int64 {
	b.settle()
	return int64(b.c.tree.Count(prefix))
}

// Walk calls fn for the items under prefix in ascending byte order of their
// keys, for at most limit of them if limit is above 0, until fn returns false.
// It returns how often it called fn. If values is false, fn gets empty Values:
// that is KEYS, which is no access. Otherwise it is MGET, and counts as an
// access to the items that fn saw, unless fn returned false, which means that
// the command is refused. A value that does not decompress is passed over, as
// Ascend does. key and the bytes of v are valid during the call only. fn must
// not use b.
func (b *Batch) Walk(prefix []byte, limit int64, values bool, fn func(key []byte, v Value) bool) (matched int64) {
	b.settle()
	c := b.c
	if !values {
		c.tree.Walk(prefix, nil, func(key, _ []byte) bool {
			matched++
			return fn(key, Value{}) && matched != limit
		})
		return matched
	}
	refused := false
	c.stamps = c.stamps[:0]
	c.tree.Walk(prefix, nil, func(key, rec []byte) bool {
		it := item(rec)
		v, err := c.squeeze.value(it)
		if err != nil {
			c.stamps = append(c.stamps, it.accessed())
			return true
		}
		matched++
		refused = !fn(key, v)
		if c.stamps = append(c.stamps, it.accessed()); !refused {
			c.use(key, it, b.now)
		}
		return !refused && matched != limit
	})
	if refused {
		b.untouch(prefix)
	}
	if cap(c.stamps) > keptBuffer {
		c.stamps = nil
	}
	return matched
}

// untouch gives the items under prefix the access times that a refused Walk
// put aside.
func (b *Batch) untouch(prefix []byte) {
	stamps := b.c.stamps
	b.c.tree.Walk(prefix, nil, func(_, rec []byte) bool {
		if len(stamps) == 0 {
			return false
		}
		item(rec).touch(stamps[0])
		stamps = stamps[1:]
		return true
	})
}

// sweep visits every item under prefix in ascending order of the keys. visit
// may change an item in place. If it returns true, sweep calls change for the
// item at a time when the tree may change; change may replace or remove that
// item, but no other.
func (c *Cache) sweep(prefix []byte, visit func(key []byte, it item) (later bool), change func(key []byte, it item)) {
	var from []byte
	for more := true; more; {
		more = false
		c.aside.reset()
		c.tree.Walk(prefix, from, func(key, rec []byte) bool {
			if visit(key, rec) && c.aside.add(key) {
				more = true
				from = after(nil, key)
			}
			return !more
		})
		c.aside.each(func(key []byte) { change(key, c.tree.Seek(key)) })
	}
	c.aside.trim()
}

// tally counts what a prefix command changed.
type tally struct {
	n   int64
	err error // the first; only where the system refuses memory
}

func (t *tally) add(err error) {
	if err == nil {
		t.n++
	} else if t.err == nil {
		t.err = err
	}
}

// result returns the count as the command's result: ErrNotFound for 0.
func (t *tally) result() (int64, error) {
	if t.n == 0 && t.err == nil {
		return 0, ErrNotFound
	}
	return t.n, t.err
}

// MSet makes every unlocked item under prefix a new item with the value val
// that does not end, and returns their number; ErrNotFound if there are none.
// Items outside of the family are evicted if the result does not fit; it
// returns ErrMemoryLimit, and changes nothing, if Full or if the result would
// not fit all the same. val is copied.
func (b *Batch) MSet(prefix, val []byte) (int64, error) {
	c := b.c
	b.settle()
	if c.full(b.now) {
		return 0, ErrMemoryLimit
	}
	var v content
	c.squeeze.pack(&v, val, c.set.Compression)
	if err := c.makeFamilyRoom(prefix, b.growth(prefix, v), b.now); err != nil {
		return 0, err
	}
	var t tally
	c.sweep(prefix, func(key []byte, it item) bool {
		switch {
		case c.isLocked(key, it, b.now):
			return false
		case !inPlace(it, v.size(), 0):
			return true
		}
		t.add(c.store(key, it, &v, 0, b.now))
		return false
	}, func(key []byte, it item) {
		t.add(c.store(key, it, &v, 0, b.now))
	})
	return t.result()
}

// growth returns by how many bytes MSET of v makes the family grow, which is
// less than 0 if it shrinks. It adds up the items only if that is not plain
// from their number.
func (b *Batch) growth(prefix []byte, v content) int64 {
	c := b.c
	size := int64(headerSize + timerSize + v.size())
	if most := int64(c.tree.Count(prefix)) * size; c.used()+most <= c.budget() {
		return most
	}
	var sum int64
	c.tree.Walk(prefix, nil, func(key, rec []byte) bool {
		if !c.isLocked(key, rec, b.now) {
			sum += size - int64(len(rec))
		}
		return true
	})
	return sum
}

// MTTL begins a new life of every unlocked item under prefix, as TTL does, and
// returns their number; ErrNotFound if there are none.
func (b *Batch) MTTL(prefix []byte, seconds int64) (int64, error) {
	c := b.c
	b.settle()
	var t tally
	c.sweep(prefix, func(key []byte, it item) bool {
		if c.isLocked(key, it, b.now) {
			return false
		}
		it.touch(b.now.unix)
		if seconds > 0 && !it.timed() {
			return true
		}
		t.add(c.setLife(key, it, seconds, b.now))
		return false
	}, func(key []byte, it item) {
		t.add(c.setLife(key, it, seconds, b.now))
	})
	return t.result()
}

// MDelete removes every unlocked item under prefix and returns their number;
// ErrNotFound if there are none. Without locks under prefix its cost is the
// length of prefix; the memory is given back later, in small steps. Locks that
// have just ended count as locks for the cost, not for the result.
func (b *Batch) MDelete(prefix []byte) (int64, error) {
	c := b.c
	b.settle()
	total, locked := c.tree.Count(prefix), c.locks.Count(prefix)
	switch {
	case total == 0, locked == total && !c.lockEnds.due(b.now.ms):
		return 0, ErrNotFound
	case locked == 0:
		c.removals.add(prefix, CauseFamilyDeleted)
		return int64(c.detach(prefix)), nil
	}
	var t tally
	c.sweep(prefix, func(key []byte, it item) bool {
		return !c.isLocked(key, it, b.now)
	}, func(key []byte, it item) {
		c.remove(key, it)
		t.add(nil)
	})
	if t.n > 0 {
		c.removals.add(prefix, CauseFamilyDeleted)
	}
	return t.result()
}

// MInc adds 1 to every unlocked item under prefix that is a number or reads as
// one, as Inc does, and returns how many were changed; ErrNotFound if none.
func (b *Batch) MInc(prefix []byte) (int64, error) { return b.addAll(prefix, 1) }

// MDec is MInc with −1.
func (b *Batch) MDec(prefix []byte) (int64, error) { return b.addAll(prefix, -1) }

func (b *Batch) addAll(prefix []byte, delta int64) (int64, error) {
	c := b.c
	b.settle()
	var t tally
	sum := func(it item) (int64, bool) {
		v, ok := c.squeeze.integer(it)
		if !ok {
			return 0, false
		}
		return addInt(v, delta)
	}
	c.sweep(prefix, func(key []byte, it item) bool {
		if c.isLocked(key, it, b.now) {
			return false
		}
		v, ok := sum(it)
		if !ok {
			return false
		}
		if len(it.value()) != numberSize {
			return true
		}
		t.add(c.setNumber(key, it, v, b.now))
		return false
	}, func(key []byte, it item) {
		v, _ := sum(it)
		t.add(c.setNumber(key, it, v, b.now))
	})
	return t.result()
}

// MLock locks every unlocked item under prefix, as Lock does, and returns their
// number; ErrNotFound if there are none.
func (b *Batch) MLock(prefix []byte, seconds int64) (int64, error) {
	c := b.c
	b.settle()
	var t tally
	l, locks := newLock(seconds, b.now)
	if locks && c.locks.Count(prefix) == 0 {
		if n, err := c.lockAll(prefix, l, b.now); err == nil {
			t.n = int64(n)
			return t.result()
		}
		// So many as there is memory for.
	}
	c.tree.Walk(prefix, nil, func(key, rec []byte) bool {
		it := item(rec)
		if c.isLocked(key, it, b.now) {
			return true
		}
		var err error
		if locks {
			err = c.putLock(key, prefix, it, &l)
		}
		t.add(err)
		it.touch(b.now.unix)
		return true
	})
	return t.result()
}

// MUnlock takes the locks off all items under prefix and returns the number of
// the items, locked or not; ErrNotFound if there are none.
func (b *Batch) MUnlock(prefix []byte) (int64, error) {
	c := b.c
	b.settle()
	var t tally
	c.tree.Walk(prefix, nil, func(_, rec []byte) bool {
		it := item(rec)
		if it.locked() {
			it.setLocked(false)
		}
		it.touch(b.now.unix)
		t.add(nil)
		return true
	})
	c.detachLocks(prefix)
	return t.result()
}
