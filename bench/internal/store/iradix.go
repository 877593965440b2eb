package store

import (
	"slices"
	"sync/atomic"

	iradix "github.com/hashicorp/go-immutable-radix/v2"
)

// radixTree needs no lock: readers take the current root.
type radixTree struct {
	root atomic.Pointer[iradix.Tree[[]byte]]
}

func newIradix(Size) (Store, error) {
	s := &radixTree{}
	s.root.Store(iradix.New[[]byte]())
	return s, nil
}

func (s *radixTree) Set(key, value []byte) error {
	t, _, _ := s.root.Load().Insert(slices.Clone(key), slices.Clone(value))
	s.root.Store(t)
	return nil
}

func (s *radixTree) Get(dst, key []byte) ([]byte, bool) {
	v, ok := s.root.Load().Get(key)
	return append(dst, v...), ok
}

func (s *radixTree) Close() error { return nil }
