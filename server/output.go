package server

import (
	"math/bits"
	"sync/atomic"
)

// leastOutput is MaxOutputMemory's default for small caches: some of the
// largest values that the protocol is used with.
const leastOutput = 16 << 20

// output is the memory of replies that sessions have and their clients do not
// have yet, as far as it is in buffers above keepSize. Smaller ones are bounded
// by the number of clients, and never refused.
type output struct {
	max     atomic.Int64
	held    atomic.Int64
	refused atomic.Int64 // replies that did not fit
}

// charge counts another buffer of size bytes instead of one of old if that is
// within the bound.
func (o *output) charge(old, size int) bool {
	if more := int64(size - old); o.held.Add(more) > o.max.Load() && more > 0 {
		o.held.Add(-more)
		o.refused.Add(1)
		return false
	}
	return true
}

// charged returns what a buffer with capacity for n bytes is counted as.
func charged(n int) int {
	switch {
	case n <= keepSize:
		return 0
	case n <= maxPooled:
		return 1 << bits.Len(uint(n-1)) // as blockPool.get makes it
	}
	return n
}

// mayHold reports whether out may have capacity for n bytes, and counts that.
// If not, the reply is to be ERR.
func (d *dispatcher) mayHold(n int) bool {
	size := charged(n)
	if size <= d.held {
		return true
	}
	if !d.srv.output.charge(d.held, size) {
		return false
	}
	d.held = size
	return true
}

// letGo says that the output buffer is small again.
func (d *dispatcher) letGo() {
	if d.held > 0 {
		d.srv.output.charge(d.held, 0)
		d.held = 0
	}
}
