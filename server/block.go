package server

import (
	"math/bits"
	"sync"
)

// Buffer sizes, in bytes.
const (
	// blockSize is the size of the buffers that a session starts with, for
	// input and output each: some 400 small requests.
	blockSize = 16 << 10
	// keepSize bounds the output buffer that stays with a workspace. A larger
	// one is given back after the write.
	keepSize = 64 << 10
	// maxPooled bounds the buffers that are pooled. Larger ones are left to
	// the garbage collector at once.
	// Those of a big reply are pooled, too: made anew for each, they would wake
	// the garbage collector. What nobody needs for two of its rounds is its.
	maxPooled = 4 << 20
	// growBy is how many times larger the next block is for a reply that grows,
	// up to maxPooled: fewer copies of what is there already.
	growBy = 4
)

// Pooled blocks have sizes of 2^minClass to 2^maxClass.
const (
	minClass = 14 // blockSize
	maxClass = 22 // maxPooled
)

// block is a buffer. It is passed around by its address, which a pool can hold
// without an allocation.
type block struct{ b []byte }

// blockPool holds blocks by the power of two that their capacity reaches. The
// zero pool is ready for use, by any number of goroutines.
type blockPool struct {
	classes [maxClass - minClass + 1]sync.Pool
}

// get returns a block with capacity for n bytes or more and length 0.
func (p *blockPool) get(n int) *block {
	if n > maxPooled {
		return &block{make([]byte, 0, n)}
	}
	class := max(bits.Len(uint(n-1)), minClass)
	if b, ok := p.classes[class-minClass].Get().(*block); ok {
		b.b = b.b[:0]
		return b
	}
	return &block{make([]byte, 0, 1<<class)}
}

// put gives a block back. It must not be used afterwards.
func (p *blockPool) put(b *block) {
	if c := cap(b.b); c >= blockSize && c <= maxPooled {
		p.classes[bits.Len(uint(c))-1-minClass].Put(b)
	}
}

// larger returns a block for what outgrows one of size bytes and needs n.
func (p *blockPool) larger(size, n int) *block { return p.get(p.size(size, n)) }

// size returns how many bytes larger asks for.
func (*blockPool) size(size, n int) int {
	if next := growBy * size; next <= maxPooled {
		return max(n, next)
	}
	return max(n, 2*size, maxPooled)
}

// grow gives b capacity for n bytes or more. What b holds is copied.
func (p *blockPool) grow(b *block, n int) {
	next := p.get(n)
	b.b, next.b = append(next.b, b.b...), b.b
	p.put(next)
}
