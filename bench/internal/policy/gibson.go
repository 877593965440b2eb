package policy

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/gogibson/gibson/cache"
)

// gibson is this project's cache with a limit on the number of items.
type gibson struct {
	c        *cache.Cache
	value    []byte
	key      []byte
	buf      []byte
	requests int
	most     int64 // items ever seen at once
	err      error
}

func newGibson(capacity int, eviction string) (Policy, error) {
	policy, ok := evictionByName(eviction)
	if !ok {
		return nil, fmt.Errorf("%s: %w", eviction, ErrUnsupported)
	}
	c, err := cache.New(&cache.Options{MaxItems: int64(capacity), Eviction: policy})
	if err != nil {
		return nil, err
	}
	return &gibson{c: c, value: []byte("v"), key: make([]byte, 2+2*8)}, nil
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
