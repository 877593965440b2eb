// Package store puts the caches that live in the program's own memory behind
// one small interface.
package store

import (
	"fmt"
	"unsafe"
)

// Store is a cache under test. It is used by one goroutine, but every peer has
// the locks that it has in real use.
type Store interface {
	// Set stores a copy of value under a copy of key.
	Set(key, value []byte) error
	// Get appends a copy of key's value to dst.
	Get(dst, key []byte) ([]byte, bool)
	// Close gives its resources back.
	Close() error
}

// Size is what a store must hold; peers that want to know beforehand are told.
type Size struct {
	Items     int
	KeySize   int // bytes
	ValueSize int // bytes
}

// payload returns the bytes of all keys and values.
func (s Size) payload() int { return s.Items * (s.KeySize + s.ValueSize) }

// Kind is one peer.
type Kind struct {
	Name string // short, for flags and tables
	What string // library and how it is used
	New  func(Size) (Store, error)
}

// Kinds returns all peers, ours first.
func Kinds() []Kind {
	return []Kind{
		{"gibson", "this project's package cache", newGibson},
		{"gibson-near", "the same, four fifths of its limit: eviction watches the use of items", newGibsonNear},
		{"map", "map[string][]byte and sync.RWMutex", newMap},
		{"freecache", "coocood/freecache", newFreecache},
		{"fastcache", "VictoriaMetrics/fastcache", newFastcache},
		{"bigcache", "allegro/bigcache v3", newBigcache},
		{"otter", "maypok86/otter v2, MaximumSize", newOtter},
		{"btree", "tidwall/btree Map and sync.RWMutex", newBtree},
		{"iradix", "hashicorp/go-immutable-radix v2, one commit per insert", newIradix},
	}
}

// Find returns the kind of that name.
func Find(name string) (Kind, error) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("no store is called %q", name)
}

// text returns key as a string without a copy, for calls that do not keep it.
func text(key []byte) string { return unsafe.String(unsafe.SliceData(key), len(key)) }
