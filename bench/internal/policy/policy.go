// Package policy replays traces against policies of eviction: what each would
// have held at a capacity given in items.
package policy

import "errors"

// Policy is a cache of keys without values, or with values of one size. It is
// used by one goroutine.
type Policy interface {
	// Request reports whether the key is there and, if not, stores it.
	Request(key uint64) (hit bool)
	// Close gives its resources back.
	Close() error
}

// ErrUnsupported says that this tree's engine does not have the policy.
var ErrUnsupported = errors.New("the engine does not have this policy")

// Kind is a policy by name.
type Kind struct {
	Name string
	// New returns an empty policy that holds at most capacity items. keys is
	// the whole trace: the ideal policy knows the future.
	New func(capacity int, keys []uint64) (Policy, error)
	// Varies says that two replays of one trace differ, since the policy's
	// hashes or its choices have seeds of their own.
	Varies bool
}

// Kinds returns all policies, ours first, the ideal bound last.
func Kinds() []Kind {
	return []Kind{
		{"Gibson lfu", func(n int, _ []uint64) (Policy, error) { return newGibson(n, "lfu") }, true},
		{"Gibson lru", func(n int, _ []uint64) (Policy, error) { return newGibson(n, "lru") }, true},
		{"otter", func(n int, _ []uint64) (Policy, error) { return newOtter(n) }, true},
		{"sampled LRU", func(n int, _ []uint64) (Policy, error) { return newSampledLRU(n, samples), nil }, false},
		{"LRU", func(n int, _ []uint64) (Policy, error) { return newLRU(n) }, false},
		{"ideal", func(n int, keys []uint64) (Policy, error) { return newIdeal(n, keys), nil }, false},
	}
}

// HitRatio replays keys and returns the share of hits.
func HitRatio(p Policy, keys []uint64) float64 {
	hits := 0
	for _, k := range keys {
		if p.Request(k) {
			hits++
		}
	}
	return float64(hits) / float64(len(keys))
}
