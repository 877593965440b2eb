package cache

import "unsafe"

// slab hands out numbered cells of one type. Numbers begin at 1; 0 means none.
// Cells hold no Go pointers, so the garbage collector does not look at them.
// Chunks never move; they are given back when the last cell is.
type slab[T any] struct {
	chunks []*[slabChunk]T
	free   []uint32 // released numbers, used again last first
	next   uint32   // the lowest number that was never handed out, less one
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
	if n := len(s.free); n > 0 {
		id := s.free[n-1]
		s.free = s.free[:n-1]
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
	s.free = append(s.free, id)
}

// bytes returns the memory that the slab takes.
func (s *slab[T]) bytes() int64 {
	var cell T
	return int64(len(s.chunks))*slabChunk*int64(unsafe.Sizeof(cell)) + int64(cap(s.free))*4
}
