package policy

import (
	"container/heap"
	"math"
)

// ideal is Belady's policy: it evicts what is needed again last, and does not
// even store what is needed again later than everything it holds. No cache can
// do better.
type ideal struct {
	capacity int
	next     []int // for each request, when its key is requested again
	clock    int
	due      map[uint64]int // of the keys held: when they are requested again
	heap     farthest       // the same, farthest first, with outdated entries
}

func newIdeal(capacity int, keys []uint64) *ideal {
	p := &ideal{capacity: capacity, next: make([]int, len(keys)), due: make(map[uint64]int, capacity)}
	seen := map[uint64]int{}
	for i := len(keys) - 1; i >= 0; i-- {
		p.next[i] = math.MaxInt
		if at, ok := seen[keys[i]]; ok {
			p.next[i] = at
		}
		seen[keys[i]] = i
	}
	return p
}

// Request must be called with the keys of the trace in order.
func (p *ideal) Request(key uint64) bool {
	again := p.next[p.clock]
	p.clock++
	_, hit := p.due[key]
	if !hit && len(p.due) == p.capacity {
		victim := p.peek()
		if victim.due <= again {
			return false
		}
		heap.Pop(&p.heap)
		delete(p.due, victim.key)
	}
	p.due[key] = again
	heap.Push(&p.heap, use{key, again})
	return hit
}

// peek drops outdated entries and returns the farthest that is left.
func (p *ideal) peek() use {
	for {
		u := p.heap[0]
		if due, ok := p.due[u.key]; ok && due == u.due {
			return u
		}
		heap.Pop(&p.heap)
	}
}

func (*ideal) Close() error { return nil }

type use struct {
	key uint64
	due int
}

// farthest is a heap of uses.
type farthest []use

func (h farthest) Len() int           { return len(h) }
func (h farthest) Less(i, j int) bool { return h[i].due > h[j].due }
func (h farthest) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *farthest) Push(x any)        { *h = append(*h, x.(use)) }
func (h *farthest) Pop() any {
	old := *h
	u := old[len(old)-1]
	*h = old[:len(old)-1]
	return u
}
