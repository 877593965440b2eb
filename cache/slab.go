package cache

import "unsafe"

// slab hands out numbered cells of one type. Numbers begin at 1; 0 means none.
// Cells hold no Go pointers, so the garbage collector does not look at them.
// Chunks never move; they are given back when the last cell is.
//
// Free cells are a list through the cells themselves, each with the number of
// the next in its first bytes: a list of its own would have to grow, by a copy
// of a megabyte in the middle of a command that ends many lives.
type slab[T any] struct {
	chunks []*[slabChunk]T
	free   uint32 // the cell that was released last, 0 for none
	next   uint32 // the lowest number that was never handed out, less one
	live   int
}

const slabChunk = 512

// at returns cell id, which must be taken.
func (s *slab[T]) at(id uint32) *T {
	return &s.chunks[(id-1)/slabChunk][(id-1)%slabChunk]
}

// take returns the number of a free cell. Its contents are undefined.
func (s *slab[T]) take() uint32 {
	s.live++
	if id := s.free; id != 0 {
		s.free = *s.link(id)
		return id
	}
	if int(s.next) == len(s.chunks)*slabChunk {
		s.chunks = append(s.chunks, new([slabChunk]T))
	}
	s.next++
	return s.next
}

// release makes cell id free.
func (s *slab[T]) release(id uint32) {
	s.live--
	if s.live == 0 {
		*s = slab[T]{}
		return
	}
	*s.link(id) = s.free
	s.free = id
}

// link is where free cell id has the number of the next one. No type of cell is
// smaller than that, or less aligned.
func (s *slab[T]) link(id uint32) *uint32 { return (*uint32)(unsafe.Pointer(s.at(id))) }

// bytes returns the memory that the slab takes.
func (s *slab[T]) bytes() int64 {
	var cell T
	return int64(len(s.chunks)) * slabChunk * int64(unsafe.Sizeof(cell))
}
