package arena

import "unsafe"

// SetBoundary makes h the boundary: allocations prefer free blocks below it,
// and [Region.AllocBelow] takes no others. A handle above the top means none.
func (r *Region) SetBoundary(h Handle) {
	r.bins[below].takeAll(r.mem, &r.bins[above])
	r.boundary = uint64(h)
}

// Top returns the end of the highest block. No block in use lies above it.
func (r *Region) Top() Handle { return r.top }

// AllocBelow is [Region.Alloc], but the block lies below the boundary or is 0.
func (r *Region) AllocBelow(size int) Handle {
	units := unitsOf(size)
	if uint64(size) > maxUnits*Unit || r.deny != nil && r.deny(size) {
		return 0
	}
	for range sorts {
		h := r.bins[below].find(r.mem, units)
		if h == 0 {
			return 0
		}
		if uint64(h) < r.boundary {
			r.carve(h, units, below)
			r.blocks++
			r.live += uint64(units)
			if debug {
				r.mem.add(r.mem, h, units, true)
			}
			return h
		}
		// It was linked before the boundary was set: sort it now. Each block
		// is sorted at most once for each boundary.
		size := sizeOf(r.mem, h)
		r.bins[below].unlink(r.mem, h, size)
		r.bins[above].link(r.mem, h, size)
	}
	return 0
}

// sorts bounds the blocks that one call sorts.
const sorts = 64

// High reports whether a block lies above the boundary.
func (r *Region) High(h Handle) bool { return uint64(h) >= r.boundary }

// Lower moves a block in use below the boundary and returns its new handle;
// 0 if there is no room: nothing has changed then.
func (r *Region) Lower(h Handle, size int) Handle {
	to := r.AllocBelow(size)
	if to == 0 {
		return 0
	}
	from := unsafe.Slice((*byte)(r.mem.At(h)), size)
	first := *r.word(to) & Bits
	copy(unsafe.Slice((*byte)(r.mem.At(to)), size), from)
	*r.word(to) = *r.word(to)&^Bits | first
	r.Free(h, size)
	return to
}
