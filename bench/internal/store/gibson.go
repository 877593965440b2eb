package store

import "github.com/gogibson/gibson/cache"

type gibson struct{ c *cache.Cache }

// newGibson returns a cache that stays far from its limit, where the use of items
// is not watched.
func newGibson(Size) (Store, error) { return openGibson(16 << 30) }

// newGibsonNear returns one that nearly fills: it does all that eviction needs but
// evicts nothing.
func newGibsonNear(size Size) (Store, error) {
	const header = 30 // bytes it keeps with each entry, at the most
	return openGibson(int64(size.payload()+size.Items*header) * 5 / 4)
}

func openGibson(maxMemory int64) (Store, error) {
	c, err := cache.New(&cache.Options{MaxMemory: maxMemory})
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
