package radix

import "unsafe"

// mergeMax bounds the size of a leaf that is copied to do without the node
// above it. A larger one keeps its node.
const mergeMax = 64 << 10

// merge does away with a node of the path of whose two entries the one on the
// path goes: what the other leads to takes over the bytes of the node. It
// reports whether it could; if not, nothing has changed, and the node stays
// with a single entry.
func (t *Tree) merge(level int) bool {
	s := t.at.path[level]
	p := t.mem.At(s.node)
	n := nodeAt(p)
	c, other, ends := n.otherEntry(p, s.off)
	switch {
	case ends:
		return t.mergeLeaf(level, other, nil)
	case t.isLeaf(other):
		return t.mergeLeaf(level, other, []byte{c})
	}
	return t.mergeNode(level, c, other)
}

// otherEntry returns the entry of a node with two that is not the slot at
// off: its byte and handle, or, if it is a key that ends here, only the
// latter.
func (n node) otherEntry(p unsafe.Pointer, off int) (c byte, h handle, ends bool) {
	if n.hasTerm() && off != n.term() {
		return 0, *slotAt(p, n.term()), true
	}
	for i := range n.slots() {
		at := n.children() + 4*i
		if at == off || !n.isRange() && i >= n.sorted() || *slotAt(p, at) == 0 {
			continue
		}
		if n.isRange() {
			return byte(n.lo() + i), *slotAt(p, at), false
		}
		return bytesAt(p, n.keys(), i+1)[i], *slotAt(p, at), false
	}
	return 0, 0, false // a node with two entries has another one
}

// mergeNode replaces a node of the path by its child, which gets the bytes of
// both as its prefix, if that is not too long.
func (t *Tree) mergeNode(level int, c byte, child handle) bool {
	merged := t.join(t.at.path[level].node, c, child)
	if merged == 0 {
		return false
	}
	*t.slotOf(level) = merged
	return true
}

// join makes a node that has the bytes of the node h, the byte c and those of
// its child, leads where the child leads, and takes the place of both. It
// returns 0, and changes nothing, if these are too many bytes or there is no
// memory.
func (t *Tree) join(h handle, c byte, child handle) handle {
	p, cp := t.mem.At(h), t.mem.At(child)
	n, cn := nodeAt(p), nodeAt(cp)
	size := n.prefixLen() + 1 + cn.prefixLen()
	if size > maxPrefix {
		return 0
	}
	var prefix [maxPrefix]byte
	k := copy(prefix[:], n.prefixOf(p))
	prefix[k] = c
	copy(prefix[k+1:], cn.prefixOf(cp))
	g := &t.scratch
	g.read(cp)
	merged := t.makeNode(prefix[:size], g)
	if merged == 0 {
		t.loose++
		return 0
	}
	t.nodes.Free(h, n.size())
	t.nodes.Free(child, cn.size())
	return merged
}

// joinLink joins the node that a slot leads to with its child if that is its
// only entry and there is a place for both in one node. It reports whether it
// did.
func (t *Tree) joinLink(slot *handle) bool {
	p := t.mem.At(*slot)
	n := nodeAt(p)
	if n.entries(p) != 1 || n.hasTerm() {
		return false
	}
	i, child := n.child(p, 0)
	if t.isLeaf(child) {
		return false
	}
	merged := t.join(*slot, n.keyAt(p, n.children()+4*i), child)
	if merged == 0 {
		return false
	}
	*slot = merged
	return true
}

// joinAbove joins the last node of the path with what was just put below it,
// if it is a link.
func (t *Tree) joinAbove() {
	at := &t.at
	if last := len(at.path) - 1; last >= 0 && t.joinLink(t.slotOf(last)) {
		at.path = at.path[:last]
	}
}

// mergeLeaf replaces a node of the path, and the links above it, by a leaf
// below it, whose suffix gets the bytes of them all. last is the byte of the
// leaf in the node, if it has one.
func (t *Tree) mergeLeaf(level int, h handle, last []byte) bool {
	path := t.at.path
	top := level
	more := nodeAt(t.mem.At(path[level].node)).prefixLen() + len(last)
	for ; top > 0; top-- {
		p := t.mem.At(path[top-1].node)
		if n := nodeAt(p); n.entries(p) != 1 {
			break
		} else {
			more += n.prefixLen() + 1
		}
	}
	l := leafAt(t.mem.At(h))
	if l.size()+more > mergeMax {
		t.loose++
		return false
	}
	grown, front := t.growLeaf(h, more)
	if grown == 0 {
		t.loose++
		return false
	}
	for i := top; i <= level; i++ {
		p := t.mem.At(path[i].node)
		n := nodeAt(p)
		front = front[copy(front, n.prefixOf(p)):]
		if i < level {
			front[0] = n.keyAt(p, path[i].off)
			front = front[1:]
		}
		t.nodes.Free(path[i].node, n.size())
	}
	copy(front, last)
	*t.slotOf(top) = grown
	return true
}

// keyAt returns the byte of the child whose slot is at off.
func (n node) keyAt(p unsafe.Pointer, off int) byte {
	i := (off - n.children()) / 4
	if n.isRange() {
		return byte(n.lo() + i)
	}
	return bytesAt(p, n.keys(), i+1)[i]
}
