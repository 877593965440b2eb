package policy

import (
	"math/rand/v2"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

type lru struct {
	c *simplelru.LRU[uint64, struct{}]
}

func newLRU(capacity int) (Policy, error) {
	c, err := simplelru.NewLRU[uint64, struct{}](capacity, nil)
	if err != nil {
		return nil, err
	}
	return lru{c}, nil
}

func (p lru) Request(key uint64) bool {
	if _, ok := p.c.Get(key); ok {
		return true
	}
	p.c.Add(key, struct{}{})
	return false
}

func (lru) Close() error { return nil }

// samples is the number of items among which the sampled LRU chooses, Redis's
// default.
const samples = 5

// sampledLRU evicts the least recently used of a few items chosen at random,
// as caches without lists do.
type sampledLRU struct {
	capacity, samples int
	where             map[uint64]int // key to its place in items
	items             []sampledItem
	clock             int64 // requests so far
	rng               *rand.Rand
}

type sampledItem struct {
	key  uint64
	used int64
}

func newSampledLRU(capacity, samples int) *sampledLRU {
	return &sampledLRU{
		capacity: capacity, samples: samples,
		where: make(map[uint64]int, capacity), rng: rand.New(rand.NewPCG(1, 2)),
	}
}

func (p *sampledLRU) Request(key uint64) bool {
	p.clock++
	if at, ok := p.where[key]; ok {
		p.items[at].used = p.clock
		return true
	}
	item := sampledItem{key, p.clock}
	if len(p.items) < p.capacity {
		p.where[key] = len(p.items)
		p.items = append(p.items, item)
		return false
	}
	victim := p.rng.IntN(len(p.items))
	for range p.samples - 1 {
		if i := p.rng.IntN(len(p.items)); p.items[i].used < p.items[victim].used {
			victim = i
		}
	}
	delete(p.where, p.items[victim].key)
	p.where[key] = victim
	p.items[victim] = item
	return false
}

func (*sampledLRU) Close() error { return nil }
