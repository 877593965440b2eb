package store

import (
	"context"
	"math"
	"time"

	"github.com/VictoriaMetrics/fastcache"
	"github.com/allegro/bigcache/v3"
	"github.com/coocood/freecache"
)

// The caches of this file keep entries in large arrays without pointers.
// Those with a fixed size get more than the items need: they touch memory as
// they fill, and they must not evict.

type freeCache struct{ c *freecache.Cache }

func newFreecache(size Size) (Store, error) {
	const header = 24 // bytes it keeps with each entry
	return freeCache{freecache.NewCache(max((size.payload()+size.Items*header)*3/2, 32<<20))}, nil
}

func (s freeCache) Set(key, value []byte) error { return s.c.Set(key, value, 0) }

func (s freeCache) Get(dst, key []byte) ([]byte, bool) {
	ok := s.c.GetFn(key, func(v []byte) error {
		dst = append(dst, v...)
		return nil
	}) == nil
	return dst, ok
}

func (s freeCache) Close() error { return nil }

type fastCache struct{ c *fastcache.Cache }

func newFastcache(size Size) (Store, error) {
	return fastCache{fastcache.New(max(2*size.payload(), 64<<20))}, nil
}

func (s fastCache) Set(key, value []byte) error {
	s.c.Set(key, value)
	return nil
}

func (s fastCache) Get(dst, key []byte) ([]byte, bool) { return s.c.HasGet(dst, key) }

func (s fastCache) Close() error {
	s.c.Reset()
	return nil
}

type bigCache struct{ c *bigcache.BigCache }

func newBigcache(size Size) (Store, error) {
	cfg := bigcache.DefaultConfig(math.MaxInt64 * time.Nanosecond)
	cfg.CleanWindow, cfg.Verbose = 0, false
	cfg.MaxEntriesInWindow, cfg.MaxEntrySize = size.Items, size.KeySize+size.ValueSize
	c, err := bigcache.New(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	return bigCache{c}, nil
}

func (s bigCache) Set(key, value []byte) error { return s.c.Set(text(key), value) }

func (s bigCache) Get(dst, key []byte) ([]byte, bool) {
	v, err := s.c.Get(text(key)) // a copy already
	return append(dst, v...), err == nil
}

func (s bigCache) Close() error { return s.c.Close() }
