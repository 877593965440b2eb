package arena

import "unsafe"

// A Region is an allocator over a part of a [Space].
type Region struct {
	mem   Memory
	space *Space

	start Handle // lowest block
	top   Handle // end of the highest block; what lies above is unused
	end   uint64 // up to here the units are usable
	limit uint64 // up to here they are reserved

	bins     [2]bins // free blocks: below the boundary, and at or above it
	boundary uint64
	deny     func(size int) bool
	fences   []Handle // blocks that are for ever in use, at the ends of slices
	blocks   int      // blocks in use
	live     uint64   // units in use, fences not counted
	crumbs   int      // free blocks of one unit
	pages             // what was returned to the system
	small    uint64   // units of a page of the system
	huge     bool     // huge pages were asked for
	hugeFrom uint64   // units above which they are asked for, or shortly before, see Ahead
	blind    bool     // memory cannot be had before it is used, or only in small pages, see Ahead
}

// Which bins: free blocks that begin below the boundary, or not. Until the
// boundary has sorted them, blocks above it may stand among those below.
const (
	below = 0
	above = 1
	fresh = 2 // none: from above the top
)

// maxUnits bounds a free block: its size must fit 30 bits.
const maxUnits = 1<<30 - 1

// MaxBlock is the size of the largest block, in bytes, if its region is larger.
const MaxBlock = maxUnits * Unit

// hugeRegion is the size of the smallest region that gets huge pages.
const hugeRegion = 64 << 20 / Unit

// minUnits is MinBlock in units.
const minUnits = MinBlock / Unit

func newRegion(s *Space, start, limit uint64) *Region {
	r := &Region{mem: s.Memory, space: s}
	r.start = Handle(max(start, 8)) // handle 0 is no block
	r.limit = min(limit, 1<<32-granule/Unit)
	r.top = r.start
	if !heap {
		r.end = uint64(r.start)
	}
	r.boundary = r.limit
	r.small = pageUnits()
	r.hugeFrom = granule / Unit
	if heap || limit-start < hugeRegion {
		r.hugeFrom = r.limit // never: half a huge page is too much to waste
	}
	r.touched = uint64(r.start)
	return r
}

// Start returns the lowest handle that the region gives out. A handle belongs
// to region i if it lies at or above its start and below that of region i+1.
func (r *Region) Start() Handle { return r.start }

// SmallPages keeps the region from asking for huge pages, so that it can give
// back to the system what is free in runs of any length.
func (r *Region) SmallPages() { r.hugeFrom = r.limit }

// Deny makes every allocation fail for whose size, in bytes, f returns true:
// tests show with it that a failure leaves their structures intact. nil ends
// that.
func (r *Region) Deny(f func(size int) bool) { r.deny = f }

// unitsOf returns the number of units that a block of size bytes takes.
func unitsOf(size int) uint32 {
	return uint32(max((uint(size)+Unit-1)/Unit, minUnits))
}

// Size returns the number of bytes that a block takes for which size bytes
// were asked.
func Size(size int) int { return int(unitsOf(size)) * Unit }

// Alloc returns a block of at least size bytes, 0 if there is no room. Its
// contents are undefined, but for the first word, which is zero in all bits
// that belong to the owner.
func (r *Region) Alloc(size int) Handle {
	if uint64(size) > maxUnits*Unit || r.deny != nil && r.deny(size) {
		return 0
	}
	units := unitsOf(size)
	var h Handle
	set := below
	if r.bins[below].summary != 0 { // find is not inlined
		h = r.bins[below].find(r.mem, units)
	}
	if h == 0 && r.bins[above].summary != 0 {
		h = r.bins[above].find(r.mem, units)
		set = above
	}
	if h != 0 {
		r.carve(h, units, set)
	} else if h, set = r.raise(units), fresh; h == 0 {
		return 0
	}
	r.blocks++
	r.live += uint64(units)
	if debug {
		r.mem.add(r.mem, h, units, set != fresh)
	}
	return h
}

// raise takes a block from above the top, 0 if there is no room.
func (r *Region) raise(units uint32) Handle {
	if uint64(r.top)+uint64(units) > r.end && !r.grow(units) {
		return 0
	}
	h := r.top
	r.top += Handle(units)
	if uint64(r.top) > r.touched {
		r.touch()
	}
	// What lies below the top is never free: it would have joined it.
	*r.word(h) = 0
	return h
}

// carve takes the free block h out of its list, makes its first units a block
// in use and the rest a free one.
func (r *Region) carve(h Handle, units uint32, set int) {
	w := *r.word(h)
	size := w >> 2
	r.bins[set].unlink(r.mem, h, size)
	gone := r.forget(h, size)
	if debug {
		r.mem.unform(r.mem, h, size)
	}
	*r.word(h) = w & bitPrev
	if rest := size - units; rest != 0 {
		r.insert(h+Handle(units), rest, gone, bitFree)
		return
	}
	r.drop(gone)
	*r.word(h + Handle(size)) &^= bitPrev
}

// Free takes back a block for which size bytes were asked.
func (r *Region) Free(h Handle, size int) {
	units := unitsOf(size)
	if debug {
		r.mem.drop(r.mem, h, units)
	}
	r.blocks--
	r.live -= uint64(units)
	r.free(h, units)
}

// free joins the units at h, whose first word is still that of a block in
// use, with the free blocks around them and puts the result into a list.
func (r *Region) free(h Handle, units uint32) {
	var gone extent
	flags := *r.word(h) & bitPrev
	if flags != 0 {
		if prev := *r.word32(h, -4); prev+units <= maxUnits {
			if debug {
				r.mem.unform(r.mem, h, units) // its first word is none any more
			}
			h -= Handle(prev)
			flags = *r.word(h) & bitPrev
			gone = r.remove(h, prev)
			units += prev
		}
	}
	if next := h + Handle(units); next == r.top {
		r.drop(gone)
		// Free blocks that together were too large for one lie side by side.
		for flags != 0 {
			prev := *r.word32(h, -4)
			h -= Handle(prev)
			flags = *r.word(h) & bitPrev
			r.drop(r.remove(h, prev))
		}
		r.lower(h)
		return
	} else if w := *r.word(next); w&bitFree != 0 {
		if size := w >> 2; size+units <= maxUnits {
			gone = gone.join(r.remove(next, size), r)
			units += size
		}
	}
	r.insert(h, units, gone, flags|bitFree)
}

// lower makes h the top: all above it is unused. Pages of it that were returned
// are none any more, for above the top touched counts.
func (r *Region) lower(h Handle) {
	r.top = h
	if heap {
		r.dropChunks()
	}
	r.trimTop()
}

// dropChunks lets go of the slices above the highest one that is in use.
func (r *Region) dropChunks() {
	for n := len(r.fences); n > 0 && r.top == r.fences[n-1]+1; n = len(r.fences) {
		fence := r.fences[n-1]
		if *r.word(fence)&bitPrev == 0 {
			return // full: the next block would need the slice again
		}
		size := *r.word32(fence, -4)
		r.space.forget(uint64(r.top), r.end)
		r.fences = r.fences[:n-1]
		r.end = uint64(fence)
		r.top = fence - Handle(size)
		r.touched = r.end
		r.drop(r.remove(r.top, size))
	}
}

// Resize changes the size of a block in use in place and reports whether it
// could: always when it shrinks, otherwise when the units behind it are free.
func (r *Region) Resize(h Handle, oldSize, newSize int) bool {
	from, to := unitsOf(oldSize), unitsOf(newSize)
	switch {
	case to < from:
		r.live -= uint64(from - to)
		if debug {
			r.mem.resize(h, from, to)
			r.mem.poison(r.mem, h+Handle(to), from-to)
		}
		tail := h + Handle(to)
		*r.word(tail) = 0
		r.free(tail, from-to)
	case to > from:
		if uint64(newSize) > maxUnits*Unit || r.deny != nil && r.deny(newSize) || !r.extend(h, from, to) {
			return false
		}
		r.live += uint64(to - from)
		if debug {
			r.mem.resize(h, from, to)
		}
	}
	return true
}

// extend lets a block in use take the first units of the free space behind it.
func (r *Region) extend(h Handle, from, to uint32) bool {
	next := h + Handle(from)
	if next == r.top {
		if uint64(h)+uint64(to) > r.end {
			return false
		}
		r.top = h + Handle(to)
		r.touch()
		return true
	}
	w := *r.word(next)
	size := w >> 2
	if w&bitFree == 0 || size < to-from {
		return false
	}
	gone := r.remove(next, size)
	if rest := size - (to - from); rest != 0 {
		r.insert(h+Handle(to), rest, gone, bitFree)
	} else {
		r.drop(gone)
		*r.word(next + Handle(size)) &^= bitPrev
	}
	return true
}

// CutFront gives back the first bytes of a block in use, a multiple of
// [Unit], and returns the handle of what stays, whose first word is zero in
// all bits that belong to the owner.
func (r *Region) CutFront(h Handle, size, front int) Handle {
	units := uint32(front / Unit)
	if units == 0 {
		return h
	}
	if debug {
		r.mem.cut(r.mem, h, unitsOf(size), units)
	}
	r.live -= uint64(units)
	rest := h + Handle(units)
	*r.word(rest) = 0
	r.free(h, units)
	return rest
}

// insert makes the units at h a free block with these flags, tells its
// neighbour behind and puts it into a list. gone are its pages that were
// returned to the system, which may reach over its ends.
func (r *Region) insert(h Handle, units uint32, gone extent, flags uint32) {
	*r.word(h) = units<<2 | flags
	*r.word32(h, int(units)*Unit-4) = units
	*r.word(h + Handle(units)) |= bitPrev
	if units == 1 {
		r.crumbs++
		r.drop(gone)
		return
	}
	set := below
	if uint64(h) >= r.boundary {
		set = above
	}
	r.bins[set].link(r.mem, h, units)
	if units >= largeUnits {
		r.remember(h, units, gone)
	} else {
		r.drop(gone)
	}
}

// remove takes a free block out of its list and returns its pages that were
// returned to the system.
func (r *Region) remove(h Handle, units uint32) extent {
	var gone extent
	if units == 1 {
		r.crumbs--
	} else {
		set := below
		if !r.bins[below].holds(r.mem, h, units) {
			set = above
		}
		r.bins[set].unlink(r.mem, h, units)
		gone = r.forget(h, units)
	}
	if debug {
		r.mem.unform(r.mem, h, units)
	}
	return gone
}

// The bits of a first word that belong to the region.
const (
	bitFree = 1 // this block is free
	bitPrev = 2 // the block before this one is free

	// Bits are those bits of a block's first word that its owner must keep
	// as they are: it writes w&Bits | its own.
	Bits = bitFree | bitPrev
)

func (r *Region) word(h Handle) *uint32 { return (*uint32)(r.mem.at(h)) }

// word32 returns the word at a distance in bytes from the start of a block.
func (r *Region) word32(h Handle, off int) *uint32 {
	return (*uint32)(unsafe.Add(r.mem.at(h), off))
}

// used returns the units between the start and the top.
func (r *Region) used() uint64 { return uint64(r.top) - uint64(r.start) }

// closed forgets everything: the space is gone.
func (r *Region) closed() {
	*r = Region{space: r.space, start: r.start, top: r.start}
	r.touched = uint64(r.start)
}
