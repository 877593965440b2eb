package cache

import (
	"fmt"
	"strings"
	"time"
	"unsafe"

	"github.com/gogibson/gibson/internal/value"
)

// checked returns the bytes of a key or prefix, which must not be written to,
// or says why it cannot be one.
func (c *Cache) checked(key string) ([]byte, error) {
	switch {
	case key == "" || strings.IndexByte(key, ' ') >= 0:
		return nil, c.refuse(ErrInvalidKey)
	case len(key) > c.set.MaxKeySize:
		return nil, c.refuse(fmt.Errorf("key of %d bytes, want at most %d: %w", len(key), c.set.MaxKeySize, ErrTooLarge))
	}
	return unsafe.Slice(unsafe.StringData(key), len(key)), nil
}

// checkValue says why val cannot be a value, if it cannot.
func (c *Cache) checkValue(val []byte) error {
	switch {
	case len(val) == 0:
		return c.refuse(ErrInvalidValue)
	case len(val) > c.set.MaxValueSize:
		return c.refuse(fmt.Errorf("value of %d bytes, want at most %d: %w", len(val), c.set.MaxValueSize, ErrTooLarge))
	}
	return nil
}

// refuse returns err, but ErrClosed after Close.
func (c *Cache) refuse(err error) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return ErrClosed
	}
	return err
}

// Get returns a copy of the value of key, a number's as decimal digits, and
// whether there is one.
func (c *Cache) Get(key string) (val []byte, ok bool, err error) { return c.GetInto(nil, key) }

// GetInto is Get without an allocation where dst has room: it appends the
// value to dst and returns the extended slice; dst itself if there is none.
func (c *Cache) GetInto(dst []byte, key string) (val []byte, ok bool, err error) {
	k, err := c.checked(key)
	if err != nil {
		return dst, false, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	it, now, err := c.peek(k)
	if it == nil {
		return dst, false, err
	}
	if it.encoding() == number {
		dst = value.Number(it.number()).Append(dst)
	} else if dst, err = c.squeeze.appendText(dst, it); err != nil {
		return dst, false, err
	}
	c.use(k, it, now)
	return dst, true, nil
}

// peek returns the live item of key, nil if there is none, with the cache
// locked for reading.
func (c *Cache) peek(key []byte) (item, instant, error) {
	if c.closed {
		return nil, instant{}, ErrClosed
	}
	now := c.time.now()
	it := item(c.tree.Find(key))
	if it == nil || c.over(it, now) {
		return nil, now, nil
	}
	return it, now, nil
}

// Value returns the value of key, which says of itself whether it is a number,
// and whether there is one. Its bytes are a copy.
func (c *Cache) Value(key string) (val Value, ok bool, err error) {
	k, err := c.checked(key)
	if err != nil {
		return Value{}, false, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	it, now, err := c.peek(k)
	if it == nil {
		return Value{}, false, err
	}
	if it.encoding() == number {
		val = value.Number(it.number())
	} else {
		b, err := c.squeeze.appendText(nil, it)
		if err != nil {
			return Value{}, false, err
		}
		val = value.Bytes(b)
	}
	c.use(k, it, now)
	return val, true, nil
}

// Set stores a copy of val under key, in place of what was there. ttl is how
// long it lives, rounded up to whole seconds, at most Options.MaxItemTTL; 0 or
// Forever means that it does not end. It returns ErrLocked and ErrMemoryLimit.
func (c *Cache) Set(key string, val []byte, ttl time.Duration) error {
	k, err := c.checked(key)
	if err != nil {
		return err
	}
	if err := c.checkValue(val); err != nil {
		return err
	}
	sec, err := seconds(ttl)
	if err != nil {
		return c.refuse(err)
	}
	b, err := c.beginFor(k)
	if err != nil {
		return err
	}
	defer b.End()
	return b.Set(sec, k, val)
}

// begin checks key and begins a batch for a command on it.
func (c *Cache) begin(key string) (*Batch, []byte, error) {
	k, err := c.checked(key)
	if err != nil {
		return nil, nil, err
	}
	b, err := c.beginFor(k)
	return b, k, err
}

// found turns ErrNotFound into false.
func found(err error) (bool, error) {
	switch err {
	case nil:
		return true, nil
	case ErrNotFound:
		return false, nil
	}
	return false, err
}

// Delete removes key and reports whether it was there. It returns ErrLocked.
func (c *Cache) Delete(key string) (bool, error) {
	b, k, err := c.begin(key)
	if err != nil {
		return false, err
	}
	defer b.End()
	return found(b.Delete(k))
}

// TTL gives key a new life from now on, as Set does; 0 or Forever takes its end
// away. It reports whether key is there. It returns ErrLocked.
func (c *Cache) TTL(key string, ttl time.Duration) (bool, error) {
	sec, err := seconds(ttl)
	if err != nil {
		return false, c.refuse(err)
	}
	b, k, err := c.begin(key)
	if err != nil {
		return false, err
	}
	defer b.End()
	return found(b.TTL(k, sec, true))
}

// Inc adds 1 to the number under key and returns the sum. A missing key
// becomes 1; text that reads as a decimal integer becomes a number. The life
// and the times of the item stay. It returns ErrLocked, ErrNotANumber, also if
// the sum does not fit 64 bits, and ErrMemoryLimit if key is missing.
func (c *Cache) Inc(key string) (int64, error) {
	b, k, err := c.begin(key)
	if err != nil {
		return 0, err
	}
	defer b.End()
	return b.Inc(k)
}

// Dec subtracts 1 from the number under key and returns the difference. A
// missing key becomes −1. Beyond that it is as Inc.
func (c *Cache) Dec(key string) (int64, error) {
	b, k, err := c.begin(key)
	if err != nil {
		return 0, err
	}
	defer b.End()
	return b.Dec(k)
}

// Lock keeps key from being changed for d, rounded up to whole seconds, or
// until Unlock if d is Forever; 0 locks nothing. Anyone may unlock it, and its
// life may still end. It reports whether key is there. It returns ErrLocked if
// key is locked already.
func (c *Cache) Lock(key string, d time.Duration) (bool, error) {
	sec, err := seconds(d)
	if err != nil {
		return false, c.refuse(err)
	}
	b, k, err := c.begin(key)
	if err != nil {
		return false, err
	}
	defer b.End()
	return found(b.Lock(k, sec, true))
}

// Unlock takes the lock off key, if it has one, and reports whether key is
// there.
func (c *Cache) Unlock(key string) (bool, error) {
	b, k, err := c.begin(key)
	if err != nil {
		return false, err
	}
	defer b.End()
	return found(b.Unlock(k))
}

func (c *Cache) metaOf(key string, f field) (int64, bool, error) {
	b, k, err := c.begin(key)
	if err != nil {
		return 0, false, err
	}
	defer b.End()
	n, err := b.meta(k, f)
	ok, err := found(err)
	return n, ok, err
}

// MetaSize returns the bytes that the value of key is stored in: its length, or
// less if it is compressed, or 8 for a number. Like every method of this family
// it reports whether key is there and counts as an access to it.
func (c *Cache) MetaSize(key string) (n int64, ok bool, err error) { return c.metaOf(key, fieldSize) }

// MetaEncoding returns how the value of key is stored: 0 as it is, 1
// compressed, 2 as a number.
func (c *Cache) MetaEncoding(key string) (n int64, ok bool, err error) {
	return c.metaOf(key, fieldEncoding)
}

// MetaAccess returns when key was read or changed last, in unix seconds.
func (c *Cache) MetaAccess(key string) (n int64, ok bool, err error) {
	return c.metaOf(key, fieldAccess)
}

// MetaCreated returns when the item of key was stored, in unix seconds.
func (c *Cache) MetaCreated(key string) (n int64, ok bool, err error) {
	return c.metaOf(key, fieldCreated)
}

// MetaTTL returns the life that key was given, in seconds, −1 if it does not
// end.
func (c *Cache) MetaTTL(key string) (n int64, ok bool, err error) { return c.metaOf(key, fieldTTL) }

// MetaLeft returns what is left of the life of key, in seconds: the whole life
// less the whole seconds that have passed; −1 if it does not end.
func (c *Cache) MetaLeft(key string) (n int64, ok bool, err error) { return c.metaOf(key, fieldLeft) }

// MetaLock returns for how many seconds key was locked, −1 if it is locked
// until it is unlocked, 0 if it is not locked or no longer.
func (c *Cache) MetaLock(key string) (n int64, ok bool, err error) { return c.metaOf(key, fieldLock) }
