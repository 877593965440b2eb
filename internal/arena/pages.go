package arena

// pages tells what a region has taken from the system and given back. All
// figures are in units.
type pages struct {
	touched  uint64 // up to here, a whole page or the end, the region was ever used or filled, or since the last trim
	returned uint64 // units within large free blocks that were given back
	idle     uint64 // units within large free blocks that could be given back
}

// largeUnits is the size from which a free block notes its returned pages.
const largeUnits = 16 << 10 / Unit

// What may lie idle before it is given back, since taking it again costs a page
// fault: 1/idleShare of what is in use, but at least leastIdle units, and at most
// mostIdle: no single call has to give back much more.
const (
	idleShare = 16
	leastIdle = 1 << 20 / Unit
	mostIdle  = 64 << 20 / Unit
)

// mayIdle returns that for so many units in use.
func mayIdle(used uint64) uint64 { return min(max(leastIdle, used/idleShare), mostIdle) }

// An extent is a run of whole pages, [from, to) in units; empty if to is 0.
type extent struct{ from, to uint64 }

func (e extent) units() uint64 { return e.to - e.from }

// join returns the run that reaches from e to o, which lies behind it. Both
// lie in what is one free block now, so what is between them can go as well.
func (e extent) join(o extent, r *Region) extent {
	switch {
	case e.to == 0:
		return o
	case o.to == 0:
		return e
	}
	if o.from > e.to {
		r.space.discard(e.to, o.from)
		r.returned += o.from - e.to
	}
	return extent{e.from, o.to}
}

// page returns the unit of giving back: less than a huge page would only
// break it up, and the system would put it together again behind our back.
func (r *Region) page() uint64 {
	if r.huge {
		return granule / Unit
	}
	return r.small
}

// enlarge makes the huge page the unit of giving back.
func (r *Region) enlarge() {
	r.huge = true
	r.idle = 0
	for i := range r.bins {
		r.bins[i].all(r.mem, binOf(largeUnits), func(_ uint32, h Handle) {
			inner := r.inner(h, sizeOf(r.mem, h))
			gone := r.extentOf(h)
			kept := gone.clip(inner)
			r.taken(gone, kept)
			r.idle += inner.units() - kept.units()
			r.setExtent(h, kept)
		})
	}
}

// inner returns the whole pages of a large free block that hold neither its
// first words nor its last.
func (r *Region) inner(h Handle, units uint32) extent {
	from := roundUp(uint64(h)+largeWords, r.page())
	to := roundDown(uint64(h)+uint64(units)-1, r.page())
	if from >= to {
		return extent{}
	}
	return extent{from, to}
}

// A large free block has its extent in its fifth and sixth word, which makes
// largeWords units of words that must stay.
const (
	largeWords = 3
	fromOffset = 16
	toOffset   = 20
)

func (r *Region) extentOf(h Handle) extent {
	return extent{uint64(*r.word32(h, fromOffset)), uint64(*r.word32(h, toOffset))}
}

func (r *Region) setExtent(h Handle, e extent) {
	*r.word32(h, fromOffset), *r.word32(h, toOffset) = uint32(e.from), uint32(e.to)
}

// remember writes the extent of returned pages into a large free block, of
// which it now is a part, and gives back more if too much lies idle.
func (r *Region) remember(h Handle, units uint32, gone extent) {
	inner := r.inner(h, units)
	if kept := gone.clip(inner); kept != gone {
		r.taken(gone, kept)
		gone = kept
	}
	r.idle += inner.units() - gone.units()
	r.setExtent(h, gone)
	for range giveBacks {
		if r.idle <= mayIdle(r.live) {
			return
		}
		if r.giveBackOldest() {
			continue
		}
		if gone = r.extentOf(h); inner.units() > gone.units() {
			r.setExtent(h, r.giveBack(inner, gone))
		}
		return
	}
}

// giveBacks bounds what one free gives back, lest it take long.
const giveBacks = 4

// giveBackOldest gives back the pages of a free block that has been free for
// long, as the tails of the lists have: what was freed last is taken first,
// and had better have its pages then. It reports whether it found one.
func (r *Region) giveBackOldest() bool {
	for set := above; set >= below; set-- {
		b := &r.bins[set]
		left := oldestTries
		for i := b.last(); i >= binOf(largeUnits) && left > 0; i = b.prev(i) {
			for h := b.tail[i]; h != 0 && left > 0; h = linksOf(r.mem, h).prev {
				left--
				inner, gone := r.inner(h, sizeOf(r.mem, h)), r.extentOf(h)
				if inner.units() > gone.units() {
					r.setExtent(h, r.giveBack(inner, gone))
					return true
				}
			}
		}
	}
	return false
}

// oldestTries bounds the blocks that giveBackOldest looks at.
const oldestTries = 32

// giveBack returns the pages of a large free block to the system.
func (r *Region) giveBack(inner, gone extent) extent {
	r.space.discard(inner.from, inner.to)
	more := inner.units() - gone.units()
	r.returned += more
	r.idle -= more
	return inner
}

// forget returns what remember wrote. The block is about to change.
func (r *Region) forget(h Handle, units uint32) extent {
	if units < largeUnits {
		return extent{}
	}
	gone := r.extentOf(h)
	r.idle -= r.inner(h, units).units() - gone.units()
	return gone
}

// drop counts an extent as in use again.
func (r *Region) drop(gone extent) {
	r.taken(gone, extent{})
}

// taken counts what of an extent is not in kept as in use again.
func (r *Region) taken(gone, kept extent) {
	if gone.to == 0 {
		return
	}
	if kept.to == 0 {
		r.returned -= gone.units()
		r.space.reuse(gone.from, gone.to)
		return
	}
	if kept.from > gone.from {
		r.returned -= kept.from - gone.from
		r.space.reuse(gone.from, kept.from)
	}
	if gone.to > kept.to {
		r.returned -= gone.to - kept.to
		r.space.reuse(kept.to, gone.to)
	}
}

// clip returns the part of e that lies in o.
func (e extent) clip(o extent) extent {
	from, to := max(e.from, o.from), min(e.to, o.to)
	if from >= to {
		return extent{}
	}
	return extent{from, to}
}

// touch notes that the pages up to the top are in use.
func (r *Region) touch() {
	page := uint64(4 << 10 / Unit)
	if r.huge {
		page = granule / Unit
	}
	r.touched = max(r.touched, min(roundUp(uint64(r.top), page), r.end))
}

// trimTop gives back the pages above the top if they have become many.
func (r *Region) trimTop() {
	idle := mayIdle(r.used())
	if r.huge && !r.blind {
		idle = max(idle, granule/Unit+aheadOf) // what Ahead has filled, which it would at once fill again
	}
	if r.touched-uint64(r.top) > idle {
		r.dropTop()
	}
}

// dropTop gives back the pages above the top.
func (r *Region) dropTop() {
	from, to := roundUp(uint64(r.top), r.page()), min(roundUp(r.touched, r.page()), r.end)
	if from < to {
		r.space.discard(from, to)
		r.touched = from
	}
}

// Stats are the figures of a region. All but Blocks are bytes.
type Stats struct {
	Blocks   int   // blocks in use
	Live     int64 // in blocks in use
	Span     int64 // from the start to the end of the highest block in use
	Resident int64 // what the system is likely to have given memory for; Live if not GivesBack
}

// Stats returns the figures of the region.
func (r *Region) Stats() Stats {
	return Stats{
		Blocks:   r.blocks,
		Live:     r.Live(),
		Span:     int64(r.used()) * Unit,
		Resident: r.Resident(),
	}
}

// Live is that of [Region.Stats] alone, for those who ask often.
func (r *Region) Live() int64 { return int64(r.live) * Unit }

// Resident is that of [Region.Stats] alone.
func (r *Region) Resident() int64 {
	if !GivesBack {
		// Holes are used again but do not go back: an owner who frees blocks
		// until this figure falls would free all of them.
		return r.Live()
	}
	taken := r.touched - uint64(r.start)
	return int64(taken-min(r.returned, taken)) * Unit
}
