package radix

import (
	"unsafe"

	"github.com/gogibson/gibson/internal/arena"
)

// An image is what a node holds, free of its format: nodes that change their
// format or size are read into one, changed there and written again.
type image struct {
	items  int
	weight int64
	term   handle // the leaf of the key that ends here, or 0
	n      int    // children
	room   int    // slots that are wanted, 0: as few as can be; a range at the edge of the bytes has fewer
	down   bool   // children below the lowest are likelier than above the highest
	keys   [256]byte
	kids   [256]handle
}

func (g *image) reset(items int, weight int64) {
	g.items, g.weight, g.term, g.n, g.room, g.down = items, weight, 0, 0, 0, false
}

// add puts a child in its place among the others.
func (g *image) add(c byte, h handle) {
	i := g.n
	for i > 0 && g.keys[i-1] > c {
		g.keys[i], g.kids[i] = g.keys[i-1], g.kids[i-1]
		i--
	}
	g.keys[i], g.kids[i] = c, h
	g.n++
}

// place adds the leaf of a key of which rest is still to come, or a node above
// it.
func (g *image) place(rest []byte, h handle) {
	if len(rest) == 0 {
		g.term = h
		return
	}
	g.add(rest[0], h)
}

// read fills the image from the node at p.
func (g *image) read(p unsafe.Pointer) {
	n := nodeAt(p)
	g.reset(int(*itemsOf(p)), int64(*weightOf(p)&weightMask))
	if n.hasTerm() {
		g.term = *slotAt(p, n.term())
	}
	slots := unsafe.Slice(slotAt(p, n.children()), n.slots())
	if !n.isRange() {
		g.n = n.sorted()
		copy(g.keys[:g.n], bytesAt(p, n.keys(), g.n))
		copy(g.kids[:g.n], slots)
		return
	}
	lo := n.lo()
	for i, h := range slots {
		if h != 0 {
			g.keys[g.n], g.kids[g.n] = byte(lo+i), h
			g.n++
		}
	}
}

// grow gives the node room for children that may follow c, the last one, so that few
// of them make it anew. A sorted node for 8 takes the same block as a range node for
// ten digits.
func (g *image) grow(c byte) {
	g.down = c == g.keys[0] && g.n > 1
	switch {
	case g.n <= 3:
		g.room = 3
	case g.n <= 8:
		g.room = 8
	default:
		g.room = min(g.n+g.n/4, 256)
	}
}

// format returns the first word of a node for what the image holds: a range node
// unless that takes a larger block, for it is found without a search.
func (g *image) format(prefixLen int) node {
	if g.n == 0 {
		return rangeNode(prefixLen, 0, 0, true) // see dropOnly
	}
	sorted := sortedNode(prefixLen, g.n, max(g.n, g.room), g.term != 0)
	lo, hi := int(g.keys[0]), int(g.keys[g.n-1])
	if g.room >= 8 && lo >= '0' && hi <= '9' {
		lo, hi = '0', '9' // most likely, the others will come
	} else if free := g.room - (hi - lo + 1); free > 0 && g.down {
		lo = max(lo-free, 0)
	} else if free > 0 {
		hi = min(hi+free, 255)
	}
	if ranged := rangeNode(prefixLen, lo, hi, g.term != 0); arena.Size(ranged.size()) <= arena.Size(sorted.size()) {
		return ranged
	}
	return sorted
}

// write writes all but the prefix to the node at p, whose first word is n.
func (g *image) write(p unsafe.Pointer, n node) {
	setNode(p, n)
	*itemsOf(p) = uint32(g.items)
	*weightOf(p) = uint64(g.weight)
	slots := unsafe.Slice(slotAt(p, n.children()), n.slots())
	if n.isRange() {
		*weightOf(p) |= uint64(g.n) << weightBits
		clear(slots)
		lo := n.lo()
		for i, k := range g.keys[:g.n] {
			slots[int(k)-lo] = g.kids[i]
		}
	} else {
		copy(bytesAt(p, n.keys(), g.n), g.keys[:g.n])
		copy(slots, g.kids[:g.n])
	}
	if n.hasTerm() {
		*slotAt(p, n.term()) = g.term
	}
}

// makeNode returns a new node with this prefix, 0 if there is no memory.
func (t *Tree) makeNode(prefix []byte, g *image) handle {
	n := g.format(len(prefix))
	h := t.nodes.Alloc(n.size())
	if h == 0 {
		return 0
	}
	p := t.mem.At(h)
	g.write(p, n)
	copy(n.prefixOf(p), prefix)
	return h
}

// remake puts a node for the image in the place of the node h, whose prefix
// it gets, and returns its handle; 0 if there is no memory: h is unchanged
// then. It does not fail if the node becomes smaller.
func (t *Tree) remake(h handle, g *image) handle {
	p := t.mem.At(h)
	old := nodeAt(p)
	n := g.format(old.prefixLen())
	if arena.Size(n.size()) != arena.Size(old.size()) {
		if made := t.makeNode(old.prefixOf(p), g); made != 0 {
			t.nodes.Free(h, old.size())
			return made
		}
		if n.size() > old.size() {
			return 0
		}
	}
	// In place only if it must be: that would leave holes of odd sizes.
	t.nodes.Resize(h, old.size(), n.size())
	g.write(p, n)
	return h
}

// addEntry gives the node at the place a slot for the key and puts child
// there. It reports whether there was memory for it.
func (t *Tree) addEntry(child handle) bool {
	at := &t.at
	p := t.mem.At(at.h)
	n := nodeAt(p)
	g := &t.scratch
	if at.pos == len(at.key) {
		g.read(p)
		g.term, g.room = child, n.slots()
		g.down = n.isRange() && g.n > 0 && n.lo() < int(g.keys[0]) // the room stays where it is
	} else {
		c := at.key[at.pos]
		if n.insert(p, c, child) {
			return true
		}
		g.read(p)
		g.add(c, child)
		g.grow(c)
	}
	h := t.remake(at.h, g)
	if h == 0 {
		return false
	}
	*t.slotOf(len(at.path) - 1) = h
	at.path[len(at.path)-1].node = h
	return true
}

// insert puts a child into the node at p if it has room, and reports that.
func (n node) insert(p unsafe.Pointer, c byte, h handle) bool {
	if n.isRange() {
		i := int(c) - n.lo()
		if uint(i) >= uint(n.slots()) {
			return false
		}
		*slotAt(p, n.keys()+4*i) = h
		*weightOf(p) += 1 << weightBits
		return true
	}
	count := n.sorted()
	if count == n.slots() {
		return false
	}
	i := n.below(p, c)
	keys := bytesAt(p, n.keys(), count+1)
	copy(keys[i+1:], keys[i:])
	keys[i] = c
	slots := unsafe.Slice(slotAt(p, n.children()), count+1)
	copy(slots[i+1:], slots[i:])
	slots[i] = h
	setNode(p, n+1<<nodeLoShift)
	return true
}

// cutNode takes the first bytes off the prefix of the node h, in place.
func (t *Tree) cutNode(h handle, bytes int) {
	p := t.mem.At(h)
	old := nodeAt(p)
	n := old - node(bytes)<<nodePrefixShift
	prefix := old.prefixOf(p)
	copy(prefix, prefix[bytes:])
	rest := old.size() - old.keys()
	copy(bytesAt(p, n.keys(), rest), bytesAt(p, old.keys(), rest))
	setNode(p, n)
	t.nodes.Resize(h, old.size(), n.size())
}
