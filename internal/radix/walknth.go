package radix

import "unsafe"

// WalkNth is [Tree.Walk] over all keys from the one at position i of the
// ascending order on, 0 ≤ i < [Tree.Len]; it calls nothing outside of that
// range. Its cost is that of [Tree.Nth] and of the steps that follow: a few
// neighbours cost far less than as many positions. Unlike Walk it does not read
// the children of a node ahead: it is for looks at a few items.
func (t *Tree) WalkNth(i int, fn func(key, rec []byte) bool) {
	if i < 0 || i >= t.Len() {
		return
	}
	w := t.walkers.Get().(*walker)
	w.tree, w.touch, w.key, w.stack = t, false, w.key[:0], w.stack[:0]
	w.seekNth(i)
	for w.next() && fn(w.key, w.rec) {
	}
	w.rec = nil
	if cap(w.key) <= maxWalker && cap(w.stack) <= maxWalker {
		t.walkers.Put(w)
	}
}

// seekNth makes the i-th leaf come next, which must exist.
func (w *walker) seekNth(i int) {
	t := w.tree
	h := t.root
descend:
	for !t.isLeaf(h) {
		p := t.mem.At(h)
		n := nodeAt(p)
		w.key = append(w.key, n.prefixOf(p)...)
		w.stack = append(w.stack, frame{node: h, depth: len(w.key)})
		f := &w.stack[len(w.stack)-1]
		if n.hasTerm() {
			if i == 0 {
				f.off = n.term()
				h = *slotAt(p, f.off)
				break
			}
			i--
		}
		slots := unsafe.Slice(slotAt(p, n.children()), n.slots())
		if !n.isRange() {
			slots = slots[:n.sorted()]
		}
		for s, child := range slots {
			if child == 0 {
				continue
			}
			items := 1
			if !t.isLeaf(child) {
				items = int(*itemsOf(t.mem.At(child)))
			}
			if i >= items {
				i -= items
				continue
			}
			f.next, f.off = s+1, n.children()+4*s
			w.key = append(w.key, n.keyAt(p, f.off))
			h = child
			continue descend
		}
		break // not reached: the sums say that the leaf is here
	}
	w.ready, w.depth = h, len(w.key)
}
