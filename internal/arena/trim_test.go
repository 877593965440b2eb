package arena

// Trim gives all pages back to the system that hold nothing in use, as far as
// whole pages do.
func (r *Region) Trim() {
	r.dropTop()
	for i := range r.bins {
		r.bins[i].all(r.mem, binOf(largeUnits), func(_ uint32, h Handle) {
			units := sizeOf(r.mem, h)
			gone := r.extentOf(h)
			if inner := r.inner(h, units); inner.units() > gone.units() {
				gone = r.giveBack(inner, gone)
				r.setExtent(h, gone)
			}
		})
	}
}
