package radix

// Deny makes every allocation fail for whose size, in bytes, f returns true:
// tests of what stands on the tree show with it that a failure leaves their
// structures intact. nil ends that.
func (t *Tree) Deny(f func(size int) bool) {
	for _, r := range t.regions() {
		r.Deny(f)
	}
}
