package cache

import "math"

// The commands on one key. docs/protocol.md says what each does and in which
// order the checks come.

// Full reports whether the memory limit is reached: SET and MSET must then be
// answered with MEM before anything else. It first gives back what detached
// families still take, as far as it helps.
func (b *Batch) Full() bool { return b.c.full(b.now) }

// Get returns the value of key, or ErrNotFound. The Value's bytes alias the
// cache's memory and are valid until the next call on b.
func (b *Batch) Get(key []byte) (Value, error) {
	it := b.c.find(key, b.now)
	if it == nil {
		return Value{}, ErrNotFound
	}
	v, err := b.c.squeeze.value(it)
	if err != nil {
		return Value{}, ErrServer
	}
	b.c.use(key, it, b.now)
	return v, nil
}

// Set stores a new item in place of what key was, with a life of ttl seconds,
// at most Options.MaxItemTTL; 0 and negative numbers mean that it does not end.
// It returns ErrMemoryLimit if Full, or if evicting everything would not make
// enough room, and ErrLocked. key and val are copied.
func (b *Batch) Set(ttl int64, key, val []byte) error {
	c := b.c
	if ttl > 0 {
		c.keepUp(b.now)
	}
	if !c.set.Eviction.evicts() && c.full(b.now) { // else full needs no call
		return ErrMemoryLimit
	}
	it := c.find(key, b.now)
	if it != nil && c.isLocked(key, it, b.now) {
		return ErrLocked
	}
	var v content
	c.squeeze.pack(&v, val, c.set.Compression)
	it, err := c.makeRoom(key, it, v.size(), b.now)
	if err != nil {
		return err
	}
	return c.store(key, it, &v, ttl, b.now)
}

// change returns the item of key for a command that changes it: ErrNotFound if
// it is missing, ErrLocked if it is locked.
func (b *Batch) change(key []byte) (item, error) {
	it := b.c.find(key, b.now)
	switch {
	case it == nil:
		return nil, ErrNotFound
	case b.c.isLocked(key, it, b.now):
		return nil, ErrLocked
	}
	return it, nil
}

// Delete removes key. It returns ErrNotFound and ErrLocked.
func (b *Batch) Delete(key []byte) error {
	it, err := b.change(key)
	if err != nil {
		return err
	}
	b.c.removeSought(key, it)
	return nil
}

// TTL begins a new life of the item, which ends seconds from now; 0 and
// negative numbers take its end away. valid says that the number was well
// formed: if not, the error is ErrNotANumber, but ErrNotFound if key is
// missing. It returns ErrLocked, too.
func (b *Batch) TTL(key []byte, seconds int64, valid bool) error {
	if seconds > 0 {
		b.c.keepUp(b.now)
	}
	it := b.c.find(key, b.now)
	switch {
	case it == nil:
		return ErrNotFound
	case !valid:
		return ErrNotANumber
	case b.c.isLocked(key, it, b.now):
		return ErrLocked
	}
	b.c.use(key, it, b.now)
	return b.c.setLife(key, it, seconds, b.now)
}

// Lock locks the item for the given seconds, −1 for until it is unlocked; 0
// and other negative numbers succeed without a lock. valid is as for TTL. It
// returns ErrNotFound, ErrNotANumber, and ErrLocked if the item is locked
// already.
func (b *Batch) Lock(key []byte, seconds int64, valid bool) error {
	it := b.c.find(key, b.now)
	switch {
	case it == nil:
		return ErrNotFound
	case !valid:
		return ErrNotANumber
	case b.c.isLocked(key, it, b.now):
		return ErrLocked
	}
	if err := b.c.lock(key, it, seconds, b.now); err != nil {
		return err
	}
	b.c.use(key, it, b.now)
	return nil
}

// Unlock takes the lock off the item; it is no error if there is none. It
// returns ErrNotFound.
func (b *Batch) Unlock(key []byte) error {
	it := b.c.find(key, b.now)
	if it == nil {
		return ErrNotFound
	}
	if it.locked() {
		b.c.unlock(key, it)
	}
	b.c.use(key, it, b.now)
	return nil
}

// Inc adds 1 to the item's number and returns the sum. A missing key becomes
// the number 1; text that reads as a number becomes a number. It returns
// ErrLocked, ErrNotANumber, also if the sum does not fit, and ErrMemoryLimit if
// an item would have to be made and Full.
func (b *Batch) Inc(key []byte) (int64, error) { return b.add(key, 1) }

// Dec subtracts 1 from the item's number and returns the difference. Beyond
// that it is as Inc.
func (b *Batch) Dec(key []byte) (int64, error) { return b.add(key, -1) }

func (b *Batch) add(key []byte, delta int64) (int64, error) {
	c := b.c
	it := c.find(key, b.now)
	if it == nil {
		if c.full(b.now) {
			return 0, ErrMemoryLimit
		}
		v := content{encoding: number, num: delta}
		if _, err := c.makeRoom(key, nil, v.size(), b.now); err != nil {
			return 0, err
		}
		return delta, c.store(key, nil, &v, 0, b.now)
	}
	if c.isLocked(key, it, b.now) {
		return 0, ErrLocked
	}
	n, ok := c.squeeze.integer(it)
	if ok {
		n, ok = addInt(n, delta)
	}
	if !ok {
		return 0, ErrNotANumber
	}
	return n, c.setNumber(key, it, n, b.now)
}

// setNumber makes the item the number n. it is invalid afterwards.
func (c *Cache) setNumber(key []byte, it item, n int64, now instant) error {
	it, err := c.rewrite(key, it, content{encoding: number, num: n})
	if err != nil {
		return err
	}
	c.use(key, it, now)
	return nil
}

// addInt returns n + delta and whether it fits.
func addInt(n, delta int64) (int64, bool) {
	if delta > 0 && n > math.MaxInt64-delta || delta < 0 && n < math.MinInt64-delta {
		return 0, false
	}
	return n + delta, true
}
