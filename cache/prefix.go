package cache

import (
	"iter"
	"runtime"
	"time"

	"github.com/gogibson/gibson/internal/value"
)

// The methods on a family of keys: everything that begins with prefix. Each is
// one atomic step. A count of 0 says that nothing matched, or that everything
// was skipped.

// changed turns ErrNotFound into 0.
func changed(n int64, err error) (int64, error) {
	if err == ErrNotFound {
		return 0, nil
	}
	return n, err
}

// beginFamily checks prefix and begins a batch for a command on its family. If
// many items have to go first, others may use the cache in between.
func (c *Cache) beginFamily(prefix string) (*Batch, []byte, error) {
	p, err := c.checked(prefix)
	if err != nil {
		return nil, nil, err
	}
	b, err := c.beginSettled()
	return b, p, err
}

// beginSettled begins a batch in which no item is left whose life is over.
func (c *Cache) beginSettled() (*Batch, error) {
	for {
		b, err := c.Begin()
		if err != nil || b.Settle() {
			return b, err
		}
		b.End()
		runtime.Gosched()
	}
}

// Count returns how many keys begin with prefix. Its cost is the length of
// prefix, not the number of keys.
func (c *Cache) Count(prefix string) (int64, error) {
	p, err := c.checked(prefix)
	if err != nil {
		return 0, err
	}
	c.mu.RLock()
	if c.closed {
		c.mu.RUnlock()
		return 0, ErrClosed
	}
	if !c.wheel.due(c.time.now().ms) {
		n := c.tree.Count(p)
		c.mu.RUnlock()
		return int64(n), nil
	}
	c.mu.RUnlock()
	b, err := c.beginSettled()
	if err != nil {
		return 0, err
	}
	defer b.End()
	return b.Count(p), nil
}

// MSet stores a copy of val in every key that begins with prefix and is not
// locked, and returns their number. None of them ends by itself then. It makes
// no new keys. It returns ErrMemoryLimit, and changes nothing, if the result
// would not fit.
func (c *Cache) MSet(prefix string, val []byte) (int64, error) {
	if err := c.checkValue(val); err != nil {
		return 0, err
	}
	b, p, err := c.beginFamily(prefix)
	if err != nil {
		return 0, err
	}
	defer b.End()
	return changed(b.MSet(p, val))
}

// MTTL gives every key that begins with prefix and is not locked a new life, as
// TTL does, and returns their number.
func (c *Cache) MTTL(prefix string, ttl time.Duration) (int64, error) {
	sec, err := seconds(ttl)
	if err != nil {
		return 0, c.refuse(err)
	}
	b, p, err := c.beginFamily(prefix)
	if err != nil {
		return 0, err
	}
	defer b.End()
	return changed(b.MTTL(p, sec))
}

// MDelete removes every key that begins with prefix and is not locked, and
// returns their number. If none is locked, its cost is the length of prefix,
// not the number of keys.
func (c *Cache) MDelete(prefix string) (int64, error) {
	b, p, err := c.beginFamily(prefix)
	if err != nil {
		return 0, err
	}
	defer b.End()
	return changed(b.MDelete(p))
}

// MInc adds 1 to every number whose key begins with prefix and is not locked,
// and returns how many were changed. Text that reads as a number counts as one;
// other values, and sums that do not fit, are skipped.
func (c *Cache) MInc(prefix string) (int64, error) {
	b, p, err := c.beginFamily(prefix)
	if err != nil {
		return 0, err
	}
	defer b.End()
	return changed(b.MInc(p))
}

// MDec subtracts 1 where MInc adds it.
func (c *Cache) MDec(prefix string) (int64, error) {
	b, p, err := c.beginFamily(prefix)
	if err != nil {
		return 0, err
	}
	defer b.End()
	return changed(b.MDec(p))
}

// MLock locks every key that begins with prefix and is not locked yet, as Lock
// does, and returns their number. With d 0 it only counts them.
func (c *Cache) MLock(prefix string, d time.Duration) (int64, error) {
	sec, err := seconds(d)
	if err != nil {
		return 0, c.refuse(err)
	}
	b, p, err := c.beginFamily(prefix)
	if err != nil {
		return 0, err
	}
	defer b.End()
	return changed(b.MLock(p, sec))
}

// MUnlock takes the locks off all keys that begin with prefix and returns the
// number of these keys, locked or not.
func (c *Cache) MUnlock(prefix string) (int64, error) {
	b, p, err := c.beginFamily(prefix)
	if err != nil {
		return 0, err
	}
	defer b.End()
	return changed(b.MUnlock(p))
}

// MGet returns the keys that begin with prefix and their values, in ascending
// byte order, at most limit of them if limit is above 0. The sequence is a copy
// made at the time of the call: it may be ranged over at leisure and more than
// once, and later changes do not show.
func (c *Cache) MGet(prefix string, limit int) (iter.Seq2[string, Value], error) {
	b, p, err := c.beginFamily(prefix)
	if err != nil {
		return nil, err
	}
	defer b.End()
	type pair struct {
		key string
		val Value
	}
	var pairs []pair
	b.Walk(p, int64(limit), true, func(key []byte, v Value) bool {
		if !v.IsNumber() {
			v = value.Bytes(v.Append(nil))
		}
		pairs = append(pairs, pair{string(key), v})
		return true
	})
	return func(yield func(string, Value) bool) {
		for _, p := range pairs {
			if !yield(p.key, p.val) {
				return
			}
		}
	}, nil
}

// Keys returns the keys that begin with prefix, in ascending byte order. The
// sequence is a copy made at the time of the call, as that of MGet. It is no
// access to the items.
func (c *Cache) Keys(prefix string) (iter.Seq[string], error) {
	b, p, err := c.beginFamily(prefix)
	if err != nil {
		return nil, err
	}
	defer b.End()
	keys := make([]string, 0, b.Count(p))
	b.Walk(p, 0, false, func(key []byte, _ Value) bool {
		keys = append(keys, string(key))
		return true
	})
	return func(yield func(string) bool) {
		for _, k := range keys {
			if !yield(k) {
				return
			}
		}
	}, nil
}
