package cache

import (
	"slices"
	"unsafe"
)

// slab hands out numbered cells of one type. Numbers begin at 1; 0 means none.
// Cells hold no Go pointers, so the garbage collector does not look at them.
//
// Cells lie in chunks, which never move. Chunks without live cells go back to the
// collector, but for a part, lest cells that come and go cost chunks all the time:
// making one can take long, and somebody waits for it.
//
// Free cells of a chunk are a list through the cells themselves, each with the
// number of the next in its first bytes: a list of its own would have to grow,
// by a copy of a megabyte in the middle of a command that ends many lives.
type slab[T any] struct {
	chunks []chunk[T]
	roomy  []uint32 // the chunks that have free cells; cells are taken from the last of them
	idle   []uint32 // the chunks that became empty; some are in use again
	empty  int      // chunks that have memory but no live cells
	held   int      // chunks that have memory
	live   int
}

type chunk[T any] struct {
	cells *[slabChunk]T // nil if the chunk was given back
	free  uint16        // the place of the cell that was released last, and 1; 0 for none
	next  uint16        // the lowest place that was never handed out
	live  uint16
	idle  bool // it is in the slab's list
}

const (
	slabChunk = 512
	// A slab keeps 1/emptyShare of its chunks, and one, without live cells.
	emptyShare = 8
)

// at returns cell id, which must be taken.
func (s *slab[T]) at(id uint32) *T {
	return &s.chunks[(id-1)/slabChunk].cells[(id-1)%slabChunk]
}

// take returns the number of a free cell. Its contents are undefined.
func (s *slab[T]) take() uint32 {
	if len(s.roomy) == 0 {
		s.chunks = append(s.chunks, chunk[T]{})
		// No release will have to make these longer.
		s.roomy = slices.Grow(s.roomy, len(s.chunks))
		s.idle = slices.Grow(s.idle, len(s.chunks)-len(s.idle))
		s.roomy = append(s.roomy, uint32(len(s.chunks)-1))
	}
	n := s.roomy[len(s.roomy)-1]
	c := &s.chunks[n]
	if c.cells == nil {
		c.cells = new([slabChunk]T)
		s.held++
	} else if c.live == 0 {
		s.empty--
	}
	s.live++
	c.live++
	var place uint16
	if c.free != 0 {
		place = c.free - 1
		c.free = *c.link(place)
	} else {
		place = c.next
		c.next++
	}
	if c.live == slabChunk {
		s.roomy = s.roomy[:len(s.roomy)-1]
	}
	return n*slabChunk + uint32(place) + 1
}

// release makes cell id free.
func (s *slab[T]) release(id uint32) {
	if s.live--; s.live == 0 {
		*s = slab[T]{}
		return
	}
	n, place := (id-1)/slabChunk, uint16((id-1)%slabChunk)
	c := &s.chunks[n]
	if c.live == slabChunk {
		s.roomy = append(s.roomy, n)
	}
	*c.link(place) = c.free
	c.free = place + 1
	if c.live--; c.live > 0 {
		return
	}
	s.empty++
	if !c.idle {
		c.idle = true
		s.idle = append(s.idle, n)
	}
	s.trim()
}

// trim gives back the chunks without live cells that are too many.
func (s *slab[T]) trim() {
	for s.empty > 1+s.held/emptyShare {
		last := len(s.idle) - 1
		c := &s.chunks[s.idle[last]]
		s.idle = s.idle[:last]
		c.idle = false
		if c.live == 0 {
			*c = chunk[T]{}
			s.held--
			s.empty--
		}
	}
}

// link is where the free cell at place has the next one, and 1. No type of cell is
// smaller than that.
func (c *chunk[T]) link(place uint16) *uint16 { return (*uint16)(unsafe.Pointer(&c.cells[place])) }

// bytes returns the memory that the slab takes.
func (s *slab[T]) bytes() int64 {
	var cell T
	return int64(s.held) * slabChunk * int64(unsafe.Sizeof(cell))
}
