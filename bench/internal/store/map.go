package store

import (
	"slices"
	"sync"
)

type lockedMap struct {
	mu sync.RWMutex // protects m
	m  map[string][]byte
}

func newMap(Size) (Store, error) { return &lockedMap{m: map[string][]byte{}}, nil }

func (s *lockedMap) Set(key, value []byte) error {
	k, v := string(key), slices.Clone(value)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m[k] = v
	return nil
}

func (s *lockedMap) Get(dst, key []byte) ([]byte, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, ok := s.m[string(key)]
	return append(dst, v...), ok
}

func (s *lockedMap) Close() error { return nil }
