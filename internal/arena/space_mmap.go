//go:build (linux || darwin) && (amd64 || arm64 || riscv64 || loong64 || ppc64le || s390x) && !arenaheap

package arena

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Memory turns handles into addresses. It is a value to be copied into the
// structures whose methods need it, so that an access costs one load less.
type Memory struct {
	tracker
	base unsafe.Pointer
}

// At returns the address of the block h.
func (m Memory) At(h Handle) unsafe.Pointer {
	if debug {
		m.use(h)
	}
	return unsafe.Add(m.base, uintptr(h)*Unit)
}

// at is At without the check that the block is in use.
func (m Memory) at(h Handle) unsafe.Pointer {
	return unsafe.Add(m.base, uintptr(h)*Unit)
}

// heap says that regions grow by separate slices of the Go heap.
const heap = false

// GivesBack says that any large run of free memory can go back to the system,
// not only what lies at the top of a region.
const GivesBack = true

func (s *Space) forget(_, _ uint64) {}

// reservation is the range as the system gave it.
type reservation struct {
	addr   unsafe.Pointer // what to unmap; nil when nothing is mapped
	length uintptr
}

// reserve takes bytes of address space. It is not accessible yet, so it
// counts neither as memory nor as a promise of memory.
func (s *Space) reserve(bytes uint64) error {
	// One huge page more, so that the base can be aligned to one.
	length := uintptr(bytes) + granule
	p, err := unix.MmapPtr(-1, 0, nil, length, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return err
	}
	s.addr, s.length = p, length
	s.base = unsafe.Add(p, -uintptr(p)&(granule-1))
	s.tracker = newTracker()
	return nil
}

func (s *Space) unreserve() error {
	if s.addr == nil {
		return nil
	}
	err := unix.MunmapPtr(s.addr, s.length)
	s.addr, s.base = nil, nil
	return err
}

// The steps in which a region is made usable: it doubles until the step is
// maxStep units.
const (
	minStep = 1 << 20 / Unit
	maxStep = 64 << 20 / Unit
)

// grow makes the units above top usable and reports whether it could.
func (r *Region) grow(units uint32) bool {
	need := uint64(r.top) + uint64(units)
	if need > r.limit {
		return false
	}
	step := min(max(r.end-uint64(r.start), minStep), maxStep)
	end := min(roundUp(max(need, r.end+step), minStep), r.limit)
	from := roundDown(r.end, minStep) // region 0 does not start at a page
	if err := unix.Mprotect(r.space.bytes(from, end), unix.PROT_READ|unix.PROT_WRITE); err != nil {
		return false
	}
	r.end = end
	if !r.huge && r.end-uint64(r.start) > r.hugeFrom {
		// Once: for all that is reserved. Regions of less than nearly one
		// huge page never get here, lest a cache of a few hundred keys take one.
		if adviseHuge(r.space.bytes(roundDown(uint64(r.start), granule/Unit), r.limit)) {
			r.enlarge()
		}
	}
	return true
}

// bytes returns the units [from, to) as a slice.
func (s *Space) bytes(from, to uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(s.base, uintptr(from)*Unit)), uintptr(to-from)*Unit)
}

// pageUnits returns what discard can return at the least, in units: a page.
func pageUnits() uint64 { return uint64(os.Getpagesize()) / Unit }
