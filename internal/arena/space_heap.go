//go:build !((linux || darwin) && (amd64 || arm64 || riscv64 || loong64 || ppc64le || s390x)) || arenaheap

package arena

import "unsafe"

// Memory turns handles into addresses. It is a value to be copied into the
// structures whose methods need it, so that an access costs one load less.
type Memory struct {
	tracker
	table *[MaxSpace / slab]unsafe.Pointer // the address of each slab of handles; nil: not in use
}

const (
	// slab is the number of bytes that one entry of the table stands for.
	slab      = 1 << 20
	slabUnits = slab / Unit
)

// At returns the address of the block h.
func (m Memory) At(h Handle) unsafe.Pointer {
	if debug {
		m.use(h)
	}
	return m.at(h)
}

// at is At without the check that the block is in use.
func (m Memory) at(h Handle) unsafe.Pointer {
	return unsafe.Add(m.table[h/slabUnits], uintptr(h%slabUnits)*Unit)
}

// heap says that regions grow by separate slices of the Go heap.
const heap = true

// GivesBack says that any large run of free memory can go back to the system,
// not only what lies at the top of a region.
const GivesBack = false

// forget leaves the slice of the units [from, to] to the garbage collector.
func (s *Space) forget(from, to uint64) {
	clear(s.table[from/slabUnits : to/slabUnits+1])
}

// reservation is empty: the table holds all.
type reservation struct{}

func (s *Space) reserve(uint64) error {
	s.table = new([MaxSpace / slab]unsafe.Pointer)
	s.tracker = newTracker()
	return nil
}

func (s *Space) unreserve() error {
	if s.table == nil {
		return nil
	}
	s.table = nil
	return nil
}

// maxChunk bounds the slices by which a region grows, unless a single block
// needs more.
const maxChunk = 64 << 20

// grow makes the units above top usable and reports whether it could. If the
// current slice has no room for them, it is closed by a fence, a block that
// is for ever in use, what is left of it becomes a free block, and top moves
// to a new slice.
func (r *Region) grow(units uint32) bool {
	at, head := r.end+1, uint64(0)
	if r.end == 0 {
		// The first one. Region 0 leaves out handle 0 and its neighbours.
		at = roundDown(uint64(r.start), slabUnits)
		head = uint64(r.start) - at
	}
	size := roundUp((uint64(units)+1+head)*Unit, slab)
	size = max(size, min(roundDown(r.used()*Unit/8, slab), maxChunk))
	if at+size/Unit > r.limit {
		size = roundUp((uint64(units)+1+head)*Unit, slab)
		if at+size/Unit > r.limit {
			return false
		}
	}
	if int(size) < 0 || uint64(int(size)) != size {
		return false
	}
	chunk := make([]uint64, size/Unit) // of words, to be aligned to them
	for i := range size / slab {
		r.space.table[at/slabUnits+i] = unsafe.Pointer(&chunk[i*slabUnits])
	}
	if r.end != 0 {
		r.closeChunk()
	}
	r.top = Handle(at + head)
	r.end = at + size/Unit - 1 // the last unit is the fence
	return true
}

// pageUnits returns what discard can return at the least, in units: nothing can.
func pageUnits() uint64 { return 1 << 40 }

func (s *Space) discard(_, _ uint64) {}

func (s *Space) reuse(_, _ uint64) {}

// populate is not needed: there are no huge pages.
func (s *Space) populate(_, _ uint64) bool { return false }

// closeChunk ends the current slice: what is left of it becomes a free block.
func (r *Region) closeChunk() {
	fence := Handle(r.end)
	*r.word(fence) = 0
	r.fences = append(r.fences, fence)
	rest := uint32(fence - r.top)
	if rest == 0 {
		return
	}
	h := r.top
	*r.word(h) = 0
	if debug {
		r.mem.poison(r.mem, h, rest)
		*r.word(h) = 0
	}
	r.insert(h, rest, extent{}, bitFree)
}
