package store

import "github.com/gogibson/gibson/cache"

type gibson struct{ c *cache.Cache }

func newGibson(Size) (Store, error) {
	c, err := cache.New(&cache.Options{MaxMemory: 16 << 30})
	if err != nil {
		return nil, err
	}
	return gibson{c}, nil
}

func (s gibson) Set(key, value []byte) error { return s.c.Set(text(key), value, cache.Forever) }

func (s gibson) Get(dst, key []byte) ([]byte, bool) {
	v, ok, err := s.c.GetInto(dst, text(key))
	return v, ok && err == nil
}

func (s gibson) Close() error { return s.c.Close() }
