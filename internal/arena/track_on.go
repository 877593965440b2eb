//go:build race || arenadebug

package arena

import (
	"fmt"
	"unsafe"
)

// debug says that misuse is looked for.
const debug = true

// A tracker knows every block in use, in the Go heap, where the race
// detector watches: it reports a change that runs beside a reader although
// it does not see the blocks themselves.
type tracker struct{ *blocks }

type blocks struct {
	size [1 << 16]*[1 << 16]uint32 // in units by handle; 0: no block in use starts here
}

func newTracker() tracker { return tracker{new(blocks)} }

// rubbish fills what is free. Its lowest bits are zero: see [Bits].
const rubbish = 0xdead_beec

func (b *blocks) entry(h Handle) *uint32 {
	page := &b.size[h>>16]
	if *page == nil {
		*page = new([1 << 16]uint32)
	}
	return &(*page)[h&0xffff]
}

// use panics if no block in use starts at h.
func (t tracker) use(h Handle) {
	if page := t.size[h>>16]; page == nil || page[h&0xffff] == 0 {
		panic(fmt.Sprintf("arena: use of %#x, which is not a block in use", uint32(h)))
	}
}

// add notes a new block. If it was free before, and not just above the top,
// nobody may have written into it.
func (t tracker) add(m Memory, h Handle, units uint32, wasFree bool) {
	if e := t.entry(h); *e != 0 {
		panic(fmt.Sprintf("arena: %#x was given out twice", uint32(h)))
	} else {
		*e = units
	}
	if !wasFree {
		return
	}
	// Zero stands for pages that were returned to the system.
	for i, w := range words(m, h, units)[1:] {
		if w != rubbish && w != 0 {
			panic(fmt.Sprintf("arena: word %d of the free block %#x was written to: %#x", i+1, uint32(h), w))
		}
	}
}

// drop checks that a block in use has the size that its owner names, notes
// that it is free and fills it with rubbish.
func (t tracker) drop(m Memory, h Handle, units uint32) {
	e := t.entry(h)
	if *e == 0 {
		panic(fmt.Sprintf("arena: free of %#x, which is not a block in use", uint32(h)))
	}
	if *e != units {
		panic(fmt.Sprintf("arena: free of %#x as %d units, it has %d", uint32(h), units, *e))
	}
	*e = 0
	t.poison(m, h, units)
}

// resize checks that a block in use has the size that its owner names and
// notes the new one.
func (t tracker) resize(h Handle, from, to uint32) {
	e := t.entry(h)
	if *e != from {
		panic(fmt.Sprintf("arena: resize of %#x as %d units, it has %d", uint32(h), from, *e))
	}
	*e = to
}

// cut notes that the first units of a block in use are free.
func (t tracker) cut(m Memory, h Handle, units, front uint32) {
	t.resize(h, units, 0)
	*t.entry(h + Handle(front)) = units - front
	t.poison(m, h, front)
}

// poison fills units with rubbish but leaves the region's bits of the first
// word.
func (t tracker) poison(m Memory, h Handle, units uint32) {
	for i, w := range words(m, h, units) {
		if i == 0 {
			words(m, h, 1)[0] = rubbish | w&Bits
			continue
		}
		words(m, h, units)[i] = rubbish
	}
}

// unform fills the words of a free block with rubbish that made it one.
func (t tracker) unform(m Memory, h Handle, units uint32) {
	all := words(m, h, units)
	for i := range min(len(all), largeWords*2) {
		all[i] = rubbish
	}
	all[len(all)-1] = rubbish
}

func words(m Memory, h Handle, units uint32) []uint32 {
	return unsafe.Slice((*uint32)(m.at(h)), units*2)
}
