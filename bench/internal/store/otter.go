package store

import (
	"slices"

	"github.com/maypok86/otter/v2"
)

type otterCache struct{ c *otter.Cache[string, []byte] }

func newOtter(size Size) (Store, error) {
	c, err := otter.New(&otter.Options[string, []byte]{MaximumSize: size.Items})
	if err != nil {
		return nil, err
	}
	return otterCache{c}, nil
}

func (s otterCache) Set(key, value []byte) error {
	s.c.Set(string(key), slices.Clone(value))
	return nil
}

func (s otterCache) Get(dst, key []byte) ([]byte, bool) {
	v, ok := s.c.GetIfPresent(text(key))
	return append(dst, v...), ok
}

func (s otterCache) Close() error {
	s.c.StopAllGoroutines()
	return nil
}
