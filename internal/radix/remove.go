package radix

import "unsafe"

// Delete removes key and reports whether it was there. It does not fail for
// want of memory.
func (t *Tree) Delete(key []byte) bool {
	t.Seek(key)
	return t.Remove()
}

// Remove is [Tree.Delete] for the key of the last [Tree.Seek]; without one,
// or after a change or an [Tree.Approach], it reports false.
func (t *Tree) Remove() bool {
	at := &t.at
	if at.end != atKey {
		t.Forget()
		return false
	}
	_, weight := t.weigh(at.h, at.pos)
	t.freeLeaf(at.h)
	t.unhook(1, weight)
	return true
}

// unhook empties the slot at the end of the path, below which were so many
// items, and mends the nodes above it. What the slot led to is not touched.
func (t *Tree) unhook(items int, weight int64) {
	level := len(t.at.path) - 1
	for i := range level + 1 {
		p := t.mem.At(t.at.path[i].node)
		*itemsOf(p) -= uint32(items)
		*weightOf(p) -= uint64(weight)
	}
	for ; ; level-- {
		if level < 0 {
			t.root = 0
			break
		}
		s := t.at.path[level]
		p := t.mem.At(s.node)
		n := nodeAt(p)
		if n.entries(p) > 1 {
			t.dropEntry(level)
			break
		}
		// It led to what was removed, and to nothing else.
		t.nodes.Free(s.node, n.size())
	}
	t.Forget()
}

// dropEntry removes an entry of a node of the path that has more than one,
// and then the node itself if a single entry is left and can do without it.
func (t *Tree) dropEntry(level int) {
	s := t.at.path[level]
	p := t.mem.At(s.node)
	n := nodeAt(p)
	if n.entries(p) == 2 && t.merge(level) {
		return
	}
	if n.hasTerm() && s.off == n.term() {
		n &^= nodeTerm
		setNode(p, n)
		t.nodes.Resize(s.node, n.size()+4, n.size())
		return
	}
	i := (s.off - n.children()) / 4
	switch count := n.count(p); {
	case n.isRange():
		*slotAt(p, s.off) = 0
		*weightOf(p) -= 1 << weightBits
	case count == 1:
		t.dropOnly(s.node, p, n)
		return
	default:
		keys := bytesAt(p, n.keys(), count)
		copy(keys[i:], keys[i+1:])
		slots := unsafe.Slice(slotAt(p, n.children()), count)
		copy(slots[i:], slots[i+1:])
		n -= 1 << nodeLoShift
		setNode(p, n)
	}
	t.shrink(level, p, n)
}

// dropOnly removes the only child of a sorted node at which a key ends. A
// sorted node cannot be without children, so it becomes a range node.
func (t *Tree) dropOnly(h handle, p unsafe.Pointer, n node) {
	term := *slotAt(p, n.term())
	size := n.size()
	c := int(bytesAt(p, n.keys(), 1)[0])
	n = node(nodeRange | nodeTerm | n.prefixLen()<<nodePrefixShift | c<<nodeLoShift)
	setNode(p, n)
	*weightOf(p) &= weightMask
	*slotAt(p, n.children()) = 0
	*slotAt(p, n.term()) = term
	t.nodes.Resize(h, size, n.size())
}

// shrink gives memory back if a node of the path has become much too large
// for its children.
func (t *Tree) shrink(level int, p unsafe.Pointer, n node) {
	count := n.count(p)
	if count == 0 {
		return
	}
	// Far from where a node gets more room, so that one more or one less does not
	// make it anew each time.
	if n.slots() <= 2*count+2 || n.isRange() && n.slots() <= 3*count+2 {
		return
	}
	g := &t.scratch
	g.read(p)
	if g.format(n.prefixLen()).size() < n.size() {
		*t.slotOf(level) = t.remake(t.at.path[level].node, g)
	}
}
