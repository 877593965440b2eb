package radix

import "unsafe"

// Nth returns the key and the record at position i of the ascending order of
// all keys, 0 ≤ i < [Tree.Len]. The key is appended to buf, which may be nil.
// Outside of that range both results are nil. Its cost is the length of the
// key and the number of children of the nodes on the way. It may run beside
// other calls that change nothing.
func (t *Tree) Nth(i int, buf []byte) (key, rec []byte) {
	if i < 0 || i >= t.Len() {
		return nil, nil
	}
	h := t.root
	for !t.isLeaf(h) {
		p := t.mem.At(h)
		n := nodeAt(p)
		buf = append(buf, n.prefixOf(p)...)
		if n.hasTerm() {
			if i == 0 {
				h = *slotAt(p, n.term())
				break
			}
			i--
		}
		slots := unsafe.Slice(slotAt(p, n.children()), n.width())
		for s, child := range slots {
			if child == 0 {
				continue
			}
			items := 1
			if !t.isLeaf(child) {
				items = int(*itemsOf(t.mem.At(child)))
			}
			if i < items {
				buf = append(buf, n.keyAt(p, n.children()+4*s))
				h = child
				break
			}
			i -= items
		}
	}
	p := t.mem.At(h)
	l := leafAt(p)
	return append(buf, l.suffixOf(p)...), l.recOf(p)
}
