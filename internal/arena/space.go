package arena

import (
	"errors"
	"fmt"
)

// Handle names a block: its distance from the base of its space, in units of
// [Unit] bytes. 0 is no block.
type Handle uint32

const (
	// Unit is the size, in bytes, that every block is a multiple of.
	Unit = 8
	// MinBlock is the size of the smallest block, in bytes.
	MinBlock = 16
	// MaxSpace is what handles can address, in bytes.
	MaxSpace = Unit << 32

	// granule is what the size of a region is a multiple of, in bytes: the
	// size of a huge page.
	granule = 2 << 20
)

// ErrSpace says that a space was asked for that handles cannot address, or
// that the system did not grant.
var ErrSpace = errors.New("arena: cannot reserve the address space")

// A Space is a range of addresses outside the Go heap, cut into regions.
type Space struct {
	Memory
	reservation           // what the platform keeps
	regions     []*Region // by ascending handles
}

// Reserve makes a space with one region for each size, in bytes, in this
// order. Sizes are upper bounds: they take address space, not memory, and are
// rounded up to whole huge pages. The error wraps [ErrSpace].
//
// The space must be given back with [Space.Close].
func Reserve(sizes ...int64) (*Space, error) {
	var total uint64
	for _, size := range sizes {
		if size <= 0 || uint64(size) > MaxSpace {
			return nil, fmt.Errorf("%w: a region of %d bytes, want 1 to %d", ErrSpace, size, uint64(MaxSpace))
		}
		total += roundUp(uint64(size), granule)
	}
	if total > MaxSpace {
		return nil, fmt.Errorf("%w: %d bytes in all, at most %d can be addressed", ErrSpace, total, uint64(MaxSpace))
	}
	s := &Space{}
	if err := s.reserve(total); err != nil {
		return nil, fmt.Errorf("%w: %d bytes: %w", ErrSpace, total, err)
	}
	var at uint64
	for _, size := range sizes {
		end := at + roundUp(uint64(size), granule)
		s.regions = append(s.regions, newRegion(s, at/Unit, end/Unit))
		at = end
	}
	return s, nil
}

// Region returns the i-th region.
func (s *Space) Region(i int) *Region { return s.regions[i] }

// Close gives everything back to the system. No handle, and no pointer made
// from one, may be used afterwards. Close may be called again.
func (s *Space) Close() error {
	for _, r := range s.regions {
		r.closed()
	}
	return s.unreserve()
}

// roundUp and roundDown round to multiples of a power of two. There is no
// division in them: WantsAhead is asked after each command that stores something.

func roundUp(n, to uint64) uint64 { return (n + to - 1) &^ (to - 1) }

func roundDown(n, to uint64) uint64 { return n &^ (to - 1) }
