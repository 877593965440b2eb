package arena

import (
	"errors"
	"fmt"
)

// ErrCorrupt is what [Region.Check] wraps.
var ErrCorrupt = errors.New("arena: corrupt")

// Check walks all blocks and verifies every invariant of the region: the
// blocks fill it without gap or overlap, no two free blocks are neighbours,
// the tags of each block tell the truth about the one before it, each free
// block stands in its list once, and all sums are right. size returns the
// size in bytes of the block in use at h.
func (r *Region) Check(size func(h Handle) int) error {
	listed, err := r.checkLists()
	if err != nil {
		return err
	}
	if top := uint64(r.top); top < uint64(r.start) || r.touched < top || r.touched > max(r.end, uint64(r.start)) {
		return fmt.Errorf("%w: the region starts at %#x, has its top at %#x, was touched up to %#x and ends at %#x",
			ErrCorrupt, uint32(r.start), top, r.touched, r.end)
	}
	w := walk{r: r, listed: listed, size: size}
	for h := r.start; h < r.top; {
		units, err := w.block(h)
		if err != nil {
			return err
		}
		if uint64(h)+uint64(units) > uint64(r.top) {
			return corrupt(h, "reaches over the top %#x", uint32(r.top))
		}
		h += Handle(units)
	}
	return w.sums()
}

func corrupt(h Handle, format string, args ...any) error {
	return fmt.Errorf("%w: block %#x %s", ErrCorrupt, uint32(h), fmt.Sprintf(format, args...))
}

// checkLists returns the blocks that stand in lists.
func (r *Region) checkLists() (map[Handle]bool, error) {
	listed := make(map[Handle]bool)
	var err error
	for set := range r.bins {
		b := &r.bins[set]
		var prev Handle
		last := uint32(binCount)
		b.all(r.mem, 0, func(list uint32, h Handle) {
			if list != last {
				prev, last = 0, list
			}
			switch {
			case err != nil:
			case listed[h]:
				err = corrupt(h, "is listed twice")
			case linksOf(r.mem, h).prev != prev:
				err = corrupt(h, "is not linked to the block before it in its list")
			case linksOf(r.mem, h).next == 0 && b.tail[list] != h:
				err = corrupt(h, "ends its list but is not its tail")
			case *r.word(h)&bitFree == 0 || binOf(sizeOf(r.mem, h)) != list:
				err = corrupt(h, "is not free or stands in a wrong list")
			case set == above && uint64(h) < r.boundary:
				err = corrupt(h, "lies below the boundary but stands above it")
			}
			listed[h] = true
			prev = h
		})
	}
	if err != nil {
		return nil, err
	}
	for set := range r.bins {
		b := &r.bins[set]
		for i := range uint32(binCount) {
			if filled := b.filled[i/64]>>(i%64)&1 != 0; filled != (b.head[i] != 0) || filled != (b.tail[i] != 0) {
				return nil, fmt.Errorf("%w: list %d is marked filled: %v", ErrCorrupt, i, filled)
			}
			if b.summary>>(i/64)&1 != 0 != (b.filled[i/64] != 0) {
				return nil, fmt.Errorf("%w: summary of list %d is wrong", ErrCorrupt, i)
			}
		}
	}
	return listed, nil
}

// walk is the state of a walk over all blocks.
type walk struct {
	r        *Region
	listed   map[Handle]bool
	size     func(Handle) int
	lastFree uint32 // units of the block before, if it was free
	blocks   int
	live     uint64
	free     int // free blocks in lists
	crumbs   int
	fences   int
	returned uint64
	idle     uint64
}

// block checks one block and returns its units.
func (w *walk) block(h Handle) (uint32, error) {
	r := w.r
	word := *r.word(h)
	if marked := word&bitPrev != 0; marked != (w.lastFree != 0) {
		return 0, corrupt(h, "says that the block before it is free: %v", marked)
	}
	if w.fences < len(r.fences) && r.fences[w.fences] == h {
		w.fences++
		w.lastFree = 0
		if word&bitFree != 0 {
			return 0, corrupt(h, "is a fence and free")
		}
		return 1, nil
	}
	if word&bitFree == 0 {
		units := unitsOf(w.size(h))
		w.lastFree = 0
		w.blocks++
		w.live += uint64(units)
		return units, nil
	}
	return w.freeBlock(h, word>>2)
}

func (w *walk) freeBlock(h Handle, units uint32) (uint32, error) {
	r := w.r
	switch {
	case units == 0 || h+Handle(units) >= r.top:
		return 0, corrupt(h, "is free, has %d units and does not end below the top %#x", units, uint32(r.top))
	case w.lastFree != 0 && w.lastFree+units <= maxUnits:
		return 0, corrupt(h, "is free, as is the one before it")
	case *r.word32(h, int(units)*Unit-4) != units:
		return 0, corrupt(h, "does not end with its size")
	case w.listed[h] != (units > 1):
		return 0, corrupt(h, "has %d units and stands in a list: %v", units, w.listed[h])
	}
	if units == 1 {
		w.crumbs++
	} else {
		w.free++
	}
	if units >= largeUnits {
		inner := r.inner(h, units)
		gone := r.extentOf(h)
		if gone.clip(inner) != gone {
			return 0, corrupt(h, "returned pages [%#x, %#x) outside of [%#x, %#x)", gone.from, gone.to, inner.from, inner.to)
		}
		w.returned += gone.units()
		w.idle += inner.units() - gone.units()
	}
	w.lastFree = units
	return units, nil
}

// sums compares what was seen with what the region has counted.
func (w *walk) sums() error {
	r := w.r
	for _, c := range []struct {
		what        string
		seen, count uint64
	}{
		{"blocks in use", uint64(w.blocks), uint64(r.blocks)},
		{"units in use", w.live, r.live},
		{"crumbs", uint64(w.crumbs), uint64(r.crumbs)},
		{"listed free blocks", uint64(w.free), uint64(len(w.listed))},
		{"returned units", w.returned, r.returned},
		{"idle units", w.idle, r.idle},
	} {
		if c.seen != c.count {
			return fmt.Errorf("%w: %d %s, counted %d", ErrCorrupt, c.seen, c.what, c.count)
		}
	}
	return nil
}
