package arena

import (
	"math/bits"
	"unsafe"
)

// bins are lists of free blocks by size. Sizes below exact units have a list
// each; above, each power of two is divided into 32 lists.
type bins struct {
	summary uint32           // which words of filled are not zero
	filled  [binWords]uint64 // which lists are not empty
	head    [binCount]Handle // the block freed last, which is taken first
	tail    [binCount]Handle
}

const (
	exact    = 64 // units
	binCount = exact + (30-6)*32
	binWords = (binCount + 63) / 64

	// tries bounds the blocks looked at in the list of a size's own range,
	// where a block may be smaller than the size.
	tries = 8
)

// binOf returns the list of blocks of so many units.
func binOf(units uint32) uint32 {
	if units < exact {
		return units
	}
	exp := uint32(bits.Len32(units)) - 1
	return exact + (exp-6)*32 + units>>(exp-5)&31
}

// The words of a free block after the first: its place in its list.
type links struct {
	_          uint32
	next, prev Handle
}

func linksOf(m Memory, h Handle) *links { return (*links)(m.at(h)) }

func sizeOf(m Memory, h Handle) uint32 { return *(*uint32)(m.at(h)) >> 2 }

// find returns a block of at least so many units, or 0. It stays linked.
func (b *bins) find(m Memory, units uint32) Handle {
	if b.summary == 0 {
		return 0
	}
	i := binOf(units)
	if units >= exact {
		h := b.head[i]
		for range tries {
			if h == 0 {
				break
			}
			if sizeOf(m, h) >= units {
				return h
			}
			h = linksOf(m, h).next
		}
		i++
	}
	if i = b.next(i); i < binCount {
		return b.head[i]
	}
	return 0
}

// next returns the first non-empty list from i on, binCount if there is none.
func (b *bins) next(i uint32) uint32 {
	if i >= binCount {
		return binCount
	}
	w := i / 64
	if rest := b.filled[w] >> (i % 64); rest != 0 {
		return i + uint32(bits.TrailingZeros64(rest))
	}
	rest := b.summary >> w >> 1
	if rest == 0 {
		return binCount
	}
	w += 1 + uint32(bits.TrailingZeros32(rest))
	return w*64 + uint32(bits.TrailingZeros64(b.filled[w]))
}

// last returns the highest non-empty list, 0 if there is none.
func (b *bins) last() uint32 { return b.prev(binCount) }

// prev returns the highest non-empty list below i, 0 if there is none.
func (b *bins) prev(i uint32) uint32 {
	w := i / 64
	if w < binWords {
		if rest := b.filled[w] & (1<<(i%64) - 1); rest != 0 {
			return w*64 + uint32(bits.Len64(rest)) - 1
		}
	}
	rest := b.summary & (1<<w - 1)
	if rest == 0 {
		return 0
	}
	w = uint32(bits.Len32(rest)) - 1
	return w*64 + uint32(bits.Len64(b.filled[w])) - 1
}

// link puts a free block at the head of its list.
func (b *bins) link(m Memory, h Handle, units uint32) {
	i := binOf(units)
	old := b.head[i]
	l := linksOf(m, h)
	l.next, l.prev = old, 0
	b.head[i] = h
	if old != 0 {
		linksOf(m, old).prev = h
		return
	}
	b.tail[i] = h
	b.filled[i/64] |= 1 << (i % 64)
	b.summary |= 1 << (i / 64)
}

// unlink takes a block out of its list, which must be one of these.
func (b *bins) unlink(m Memory, h Handle, units uint32) {
	l := linksOf(m, h)
	if l.prev != 0 && l.next != 0 {
		linksOf(m, l.prev).next = l.next
		linksOf(m, l.next).prev = l.prev
		return
	}
	i := binOf(units)
	if l.prev != 0 {
		linksOf(m, l.prev).next = 0
		b.tail[i] = l.prev
		return
	}
	b.head[i] = l.next
	if l.next != 0 {
		linksOf(m, l.next).prev = 0
		return
	}
	b.tail[i] = 0
	b.clear(i)
}

// clear notes that list i is empty.
func (b *bins) clear(i uint32) {
	if b.filled[i/64] &^= 1 << (i % 64); b.filled[i/64] == 0 {
		b.summary &^= 1 << (i / 64)
	}
}

// holds reports whether a block stands in one of these lists, as far as it
// matters to unlink: for a block in the middle of a list the answer is true.
func (b *bins) holds(m Memory, h Handle, units uint32) bool {
	l := linksOf(m, h)
	if l.prev == 0 {
		return b.head[binOf(units)] == h
	}
	return l.next != 0 || b.tail[binOf(units)] == h
}

// takeAll appends the lists of o to these and leaves o empty.
func (b *bins) takeAll(m Memory, o *bins) {
	for i := o.next(0); i < binCount; i = o.next(i + 1) {
		if b.head[i] == 0 {
			b.head[i] = o.head[i]
			b.filled[i/64] |= 1 << (i % 64)
			b.summary |= 1 << (i / 64)
		} else {
			linksOf(m, b.tail[i]).next = o.head[i]
			linksOf(m, o.head[i]).prev = b.tail[i]
		}
		b.tail[i] = o.tail[i]
		o.head[i], o.tail[i] = 0, 0
	}
	o.summary, o.filled = 0, [binWords]uint64{}
}

// all calls f with every block of the lists from i on.
func (b *bins) all(m Memory, i uint32, f func(list uint32, h Handle)) {
	for i = b.next(i); i < binCount; i = b.next(i + 1) {
		for h := b.head[i]; h != 0; {
			next := linksOf(m, h).next
			f(i, h)
			h = next
		}
	}
}

// A free block's links must fit the smallest block that stands in a list,
// together with its sizes.
var _ [MinBlock - unsafe.Sizeof(links{}) - 4]struct{}
