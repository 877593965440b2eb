package store

import (
	"slices"
	"sync"

	"github.com/tidwall/btree"
)

type lockedBtree struct {
	mu sync.RWMutex // protects m
	m  btree.Map[string, []byte]
}

func newBtree(Size) (Store, error) { return &lockedBtree{}, nil }

func (s *lockedBtree) Set(key, value []byte) error {
	k, v := string(key), slices.Clone(value)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m.Set(k, v)
	return nil
}

func (s *lockedBtree) Get(dst, key []byte) ([]byte, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, ok := s.m.Get(text(key))
	return append(dst, v...), ok
}

func (s *lockedBtree) Close() error { return nil }
