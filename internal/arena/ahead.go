package arena

// The first touch of a page waits until the system has found memory for it
// and cleared it: for a huge page a sixth of a millisecond, and 5 to 10 on a
// virtual machine whose host has to find it in turn. So that none who holds
// the owner's lock waits for that, a region with huge pages is filled ahead of
// its top, by whoever has the time:
//
//	start ........... top ....... touched ............. end
//	      blocks      less than 1/8   the next huge page:
//	                    of a page     Fill asks for it now

// aheadOf is how many units before the end of what is there the next huge page is
// filled.
const aheadOf = granule / Unit / 8

// Ahead is the memory that a region will need next. See [Region.Ahead].
type Ahead struct {
	region   *Region
	from, to uint64
}

// WantsAhead reports whether [Region.Ahead] has something to fill. The first huge
// page is wanted like any other, before the region has asked for huge pages.
func (r *Region) WantsAhead() bool {
	next := roundUp(r.touched, granule/Unit)
	return next-uint64(r.top) < aheadOf && !r.blind && next+granule/Unit <= r.limit &&
		(r.huge || next >= roundDown(uint64(r.start), granule/Unit)+r.hugeFrom)
}

// Ahead returns what is worth to be filled before it is used, if anything is.
// The caller calls Fill and then, again with the region for itself, Filled.
func (r *Region) Ahead() (a Ahead, ok bool) {
	if !r.WantsAhead() {
		return Ahead{}, false
	}
	from := roundUp(r.touched, granule/Unit)
	to := from + granule/Unit
	if to > r.end && !r.grow(uint32(to-uint64(r.top))) || !r.huge {
		r.blind = true
		return Ahead{}, false
	}
	return Ahead{r, from, to}, true
}

// AheadBytes is how much memory one Fill takes.
const AheadBytes = granule

// Fill makes the system give the memory now and reports whether it did. The
// region may be used meanwhile, but its space must not be closed.
func (a Ahead) Fill() bool { return a.region.space.populate(a.from, a.to) }

// Filled notes what Fill reported. A region that could not be filled is left
// alone from then on: it works all the same.
func (a Ahead) Filled(ok bool) {
	if !ok {
		a.region.blind = true
		return
	}
	r := a.region
	if roundUp(r.touched, granule/Unit) < a.from { // the top has fallen meanwhile, and was trimmed
		r.space.discard(a.from, a.to)
		return
	}
	r.touched = max(r.touched, a.to)
}
