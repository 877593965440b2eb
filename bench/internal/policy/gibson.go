package policy

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/gogibson/gibson/cache"
)

// gibson is this project's cache with items of equal size.
//
// Its limit is in bytes of memory and not in items, so the limit that admits
// the wanted number of items is searched for: caches of growing limits are
// filled with more distinct keys than they can hold, and counted. Items are
// large, so that what the cache takes for itself does not matter beside them.
type gibson struct {
	c        *cache.Cache
	value    []byte
	key      []byte
	buf      []byte
	requests int
	most     int64 // items ever seen at once
	err      error
}

// Room that the items of a cache take together, and the least that one takes.
const (
	gibsonRoom    = 32 << 20
	gibsonMinimum = 1 << 10
)

func newGibson(capacity int, eviction string) (Policy, error) {
	policy, ok := evictionByName(eviction)
	if !ok {
		return nil, fmt.Errorf("%s: %w", eviction, ErrUnsupported)
	}
	size := max(gibsonRoom/capacity, gibsonMinimum)
	limit, err := limitFor(capacity, size, policy)
	if err != nil {
		return nil, err
	}
	return makeGibson(limit, size, policy)
}

// evictionByName asks the engine which of its policies has that name.
func evictionByName(name string) (cache.Eviction, bool) {
	for e := range cache.Eviction(16) {
		if e.String() == name {
			return e, true
		}
	}
	return 0, false
}

func makeGibson(limit int64, size int, policy cache.Eviction) (*gibson, error) {
	c, err := cache.New(&cache.Options{MaxMemory: limit, Eviction: policy, Compression: -1})
	if err != nil {
		return nil, err
	}
	return &gibson{c: c, value: make([]byte, size), key: make([]byte, 2+2*8)}, nil
}

// limitFor returns the largest memory limit at which the cache holds no more
// than capacity items.
func limitFor(capacity, size int, policy cache.Eviction) (int64, error) {
	low, high := int64(0), int64(capacity)*int64(size)*4+256<<20
	for step := int64(size) / 2; high-low > step; {
		limit := low + (high-low)/2
		n, err := itemsAt(limit, capacity, size, policy)
		if err != nil {
			return 0, err
		}
		if n > int64(capacity) {
			high = limit
		} else {
			low = limit
		}
	}
	if low == 0 {
		return 0, fmt.Errorf("no memory limit holds %d items of %d bytes", capacity, size)
	}
	return low, nil
}

// itemsAt returns how many of many distinct items a cache holds. A limit that
// the cache refuses as too small holds none.
func itemsAt(limit int64, capacity, size int, policy cache.Eviction) (n int64, err error) {
	p, err := makeGibson(limit, size, policy)
	if err != nil {
		return 0, nil // limits near zero are refused; the search goes on above
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	for i := range uint64(3 * capacity) {
		if p.Request(i); p.err != nil {
			return 0, nil // too small for a single item
		}
	}
	return p.items()
}

func (p *gibson) items() (int64, error) { return p.c.Count("k") }

// Request counts a Get that hits, and stores what was missing.
func (p *gibson) Request(key uint64) bool {
	p.key[0], p.key[1] = 'k', ':'
	var b [8]byte
	for i := range b {
		b[i] = byte(key >> (56 - 8*i))
	}
	hex.Encode(p.key[2:], b[:])
	name := string(p.key)
	if p.requests++; p.requests%1000 == 0 {
		if n, err := p.items(); err == nil {
			p.most = max(p.most, n)
		}
	}
	v, ok, err := p.c.GetInto(p.buf[:0], name)
	p.buf = v[:0]
	if ok && err == nil {
		return true
	}
	if err := errors.Join(err, p.c.Set(name, p.value, cache.Forever)); err != nil && p.err == nil {
		p.err = err
	}
	return false
}

// Most returns the highest number of items seen, to be compared with the
// capacity that was asked for.
func (p *gibson) Most() int64 { return p.most }

// Err returns the first error of a Get or Set: a hit ratio with errors is none.
func (p *gibson) Err() error { return p.err }

func (p *gibson) Close() error { return p.c.Close() }
