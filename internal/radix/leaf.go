package radix

import (
	"unsafe"

	"github.com/gogibson/gibson/internal/arena"
)

// handle names a node or a leaf; 0 is neither.
type handle = arena.Handle

// The first word of a leaf. Bits 0 and 1 belong to the arena.
const (
	leafWide      = 1 << 2 // the lengths stand in the next two words
	leafGapShift  = 3      // 3 bits: bytes between the header and the suffix
	leafSufShift  = 6      // 9 bits: length of the suffix
	leafRecShift  = 15     // 17 bits: length of the record
	leafGapMask   = 1<<3 - 1
	leafSufMask   = 1<<9 - 1
	leafRecMask   = 1<<17 - 1
	leafHeader    = 4
	leafWideBytes = 8 // what the two words add to the header
)

// A leaf is where the parts of a leaf lie, as distances from its start.
type leaf struct {
	suffix, suffixLen int
	rec, recLen       int
}

// leafAt reads the header of the leaf at p.
func leafAt(p unsafe.Pointer) leaf {
	w := *(*uint32)(p)
	l := leaf{
		suffix:    leafHeader + int(w>>leafGapShift&leafGapMask),
		suffixLen: int(w >> leafSufShift & leafSufMask),
		recLen:    int(w >> leafRecShift),
	}
	if w&leafWide != 0 {
		l.suffix += leafWideBytes
		l.suffixLen = int(*(*uint32)(unsafe.Add(p, 4)))
		l.recLen = int(*(*uint32)(unsafe.Add(p, 8)))
	}
	l.rec = (l.suffix + l.suffixLen + 3) &^ 3
	return l
}

// newLeaf returns the layout of a leaf that begins at its block's start.
func newLeaf(suffixLen, recLen int) leaf {
	l := leaf{suffix: leafHeader, suffixLen: suffixLen, recLen: recLen}
	if suffixLen > leafSufMask || recLen > leafRecMask {
		l.suffix += leafWideBytes
	}
	l.rec = (l.suffix + suffixLen + 3) &^ 3
	return l
}

// size returns the number of bytes from the leaf's start to its end.
func (l leaf) size() int { return l.rec + l.recLen }

// wide says that the leaf has the long form of the header.
func (l leaf) wide() bool { return l.suffix >= leafHeader+leafWideBytes }

// write writes the header. The block's own bits stay as they are.
func (l leaf) write(p unsafe.Pointer) {
	w := (*uint32)(p)
	gap := l.suffix - leafHeader
	if l.wide() {
		gap -= leafWideBytes
		*w = *w&arena.Bits | leafWide | uint32(gap)<<leafGapShift
		*(*uint32)(unsafe.Add(p, 4)) = uint32(l.suffixLen)
		*(*uint32)(unsafe.Add(p, 8)) = uint32(l.recLen)
		return
	}
	*w = *w&arena.Bits | uint32(gap)<<leafGapShift | uint32(l.suffixLen)<<leafSufShift | uint32(l.recLen)<<leafRecShift
}

// suffixOf returns the suffix of the leaf at p.
func (l leaf) suffixOf(p unsafe.Pointer) []byte { return bytesAt(p, l.suffix, l.suffixLen) }

// recOf returns the record of the leaf at p. It is not nil.
func (l leaf) recOf(p unsafe.Pointer) []byte { return bytesAt(p, l.rec, l.recLen) }

// cut returns the layout without the first n bytes of the suffix, and how
// many bytes of the block's front it leaves to others. What stays does not
// move: the new header takes the place of bytes of the old suffix, up to 7
// bytes before the new one.
func (l leaf) cut(n int) (rest leaf, front int) {
	head := leafHeader
	if l.wide() {
		head += leafWideBytes
	}
	front = (l.suffix + n - head) &^ (arena.Unit - 1)
	return leaf{
		suffix: l.suffix + n - front, suffixLen: l.suffixLen - n,
		rec: l.rec - front, recLen: l.recLen,
	}, front
}

// bytesAt returns the n bytes at p+off.
func bytesAt(p unsafe.Pointer, off, n int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(p, off)), n)
}

// makeLeaf returns a new leaf with this suffix and room for a record, 0 if
// there is no memory.
func (t *Tree) makeLeaf(suffix []byte, recLen int) handle {
	l := newLeaf(len(suffix), recLen)
	h := t.allocLeaf(l.size())
	if h == 0 {
		return 0
	}
	p := t.mem.At(h)
	l.write(p)
	copy(l.suffixOf(p), suffix)
	return h
}

// largeLeaf is the size from which a leaf goes to the region for large ones.
const largeLeaf = 16 << 10

// allocLeaf returns a block for a leaf, 0 if there is no room. One region
// stands in for the other when that is full.
func (t *Tree) allocLeaf(size int) handle {
	first, second := t.leaves[0], t.leaves[1]
	if size >= largeLeaf {
		first, second = second, first
	}
	if h := first.Alloc(size); h != 0 {
		return h
	}
	return second.Alloc(size)
}

// leavesOf returns the region of the leaf h.
func (t *Tree) leavesOf(h handle) *arena.Region {
	if h >= t.large {
		return t.leaves[1]
	}
	return t.leaves[0]
}

// freeLeaf gives a leaf's memory back.
func (t *Tree) freeLeaf(h handle) { t.leavesOf(h).Free(h, leafAt(t.mem.At(h)).size()) }

// cutLeaf takes the first n bytes off a leaf's suffix and returns its new
// handle. It does not fail, and moves at most a few bytes, whatever the
// leaf's size.
func (t *Tree) cutLeaf(h handle, n int) handle {
	p := t.mem.At(h)
	old := leafAt(p)
	rest, front := old.cut(n)
	if arena.Size(old.size())-front < arena.MinBlock {
		return t.cutTiny(h, old, n)
	}
	h = t.leavesOf(h).CutFront(h, old.size(), front)
	rest.write(t.mem.At(h))
	return h
}

// cutTiny is cutLeaf if so little is left that it must move, because the
// header and what follows would be smaller than a block may be.
func (t *Tree) cutTiny(h handle, old leaf, n int) handle {
	p := t.mem.At(h)
	var content [arena.MinBlock]byte
	k := copy(content[:], old.suffixOf(p)[n:])
	copy(content[k:], old.recOf(p))
	front := arena.Size(old.size()) - arena.MinBlock
	h = t.leavesOf(h).CutFront(h, old.size(), front)
	p = t.mem.At(h)
	rest := newLeaf(old.suffixLen-n, old.recLen)
	rest.write(p)
	copy(rest.suffixOf(p), content[:k])
	copy(rest.recOf(p), content[k:])
	return h
}

// growLeaf returns a new leaf that has the suffix and record of the leaf h
// and room for more bytes before the suffix, which the caller fills, and
// frees h; 0 if there is no memory: h is unchanged then.
func (t *Tree) growLeaf(h handle, more int) (handle, []byte) {
	old := leafAt(t.mem.At(h))
	l := newLeaf(old.suffixLen+more, old.recLen)
	grown := t.allocLeaf(l.size())
	if grown == 0 {
		return 0, nil
	}
	from, to := t.mem.At(h), t.mem.At(grown)
	l.write(to)
	copy(l.suffixOf(to)[more:], old.suffixOf(from))
	copy(l.recOf(to), old.recOf(from))
	t.leavesOf(h).Free(h, old.size())
	return grown, l.suffixOf(to)[:more]
}
