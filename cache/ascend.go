package cache

import (
	"iter"

	"github.com/gogibson/gibson/internal/value"
)

// Weigh returns how many keys begin with prefix and how many bytes they and
// their values take: the sum of the lengths of the keys and of the values as
// they are stored, compressed or as a number of 8 bytes, and 4 bytes for each
// item that has or had a life or whose value is 1 KiB or longer. What the cache
// needs beside that is not in it. Its cost is the length of prefix.
func (c *Cache) Weigh(prefix string) (items, bytes int64, err error) {
	b, p, err := c.beginFamily(prefix)
	if err != nil {
		return 0, 0, err
	}
	defer b.End()
	items, bytes = b.Weigh(p)
	return items, bytes, nil
}

// Weigh returns how many items there are under prefix and how many bytes they
// take; see [Cache.Weigh].
func (b *Batch) Weigh(prefix []byte) (items, bytes int64) {
	b.settle()
	n, weight := b.c.tree.Weigh(prefix)
	return int64(n), weight - headerSize*int64(n)
}

// What Ascend copies under one lock: at most so many items, and no further item
// once it has so many bytes, decompressed.
const (
	ascendItems = 128
	ascendBytes = 64 << 10
)

// Ascend returns the items whose keys begin with prefix and are greater than
// after, in ascending byte order of the keys, with copies of their values. An
// empty prefix stands for all keys, an empty after for the beginning; the last
// key of an iteration that was broken off, as after, goes on with it.
//
// It copies a few items at a time and holds no lock while the loop's body runs,
// so other calls, also from the body, go on and the loop may take its time. It
// is not one atomic step: an item that is there all the time is seen exactly
// once, with a value that it had during the iteration; one that comes or goes
// meanwhile may be seen or not. Once the cache is closed the iteration ends,
// after at most a few items that were copied before. It is no access to the
// items.
//
// Ranging over the sequence again starts again. A prefix that no key can have
// has no items.
func (c *Cache) Ascend(prefix, after string) iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		a := ascent{c: c, prefix: []byte(prefix)}
		if after != "" {
			a.from = append([]byte(after), 0) // the least key that is greater
		}
		for a.step() {
			for i, key := range a.keys {
				if !yield(key, a.values[i]) {
					return
				}
			}
		}
	}
}

// ascent is an Ascend that runs.
type ascent struct {
	c      *Cache
	prefix []byte
	from   []byte // where the next step begins; nil: at the start
	done   bool
	keys   []string
	values []Value
}

// step copies the next items and reports whether there are any.
func (a *ascent) step() bool {
	if a.done {
		return false
	}
	b, err := a.c.beginSettled()
	if err != nil {
		return false
	}
	defer b.End()
	a.done = true
	a.keys, a.values = a.keys[:0], a.values[:0]
	size := 0
	a.c.tree.Walk(a.prefix, a.from, func(key, rec []byte) bool {
		if len(a.keys) == ascendItems || size >= ascendBytes {
			a.done = false
			return false
		}
		v, err := a.c.squeeze.value(rec)
		if err != nil {
			return true // what does not decompress cannot be handed out
		}
		size += len(key)
		if !v.IsNumber() {
			text := v.Append(nil)
			size += len(text)
			v = value.Bytes(text)
		}
		a.keys, a.values = append(a.keys, string(key)), append(a.values, v)
		return true
	})
	if n := len(a.keys); n > 0 {
		a.from = append(append(a.from[:0], a.keys[n-1]...), 0)
	}
	return len(a.keys) > 0
}
