package radix

import "unsafe"

// Touch brings into the processor's cache what a [Tree.Find] of each of these
// keys will read. A single Find spends most of its time waiting for memory,
// one line after the other; here the descents go in step, so that their waits
// overlap. It changes nothing and promises nothing, and may run beside other
// calls that change nothing.
func (t *Tree) Touch(keys [][]byte) {
	if t.root == 0 {
		return
	}
	for len(keys) > 0 {
		n := min(len(keys), lanes)
		t.touch(keys[:n])
		keys = keys[n:]
	}
}

const (
	// lanes is the number of descents that go in step: more than a processor
	// waits for at once would push each other out of its cache.
	lanes = 16
	// touchLines bounds the cache lines of a leaf that are touched. Behind
	// them the processor's own look-ahead has set in.
	touchLines = 4
	lineBytes  = 64
)

// A lane is one descent.
type lane struct {
	h   handle
	w   uint32 // the first word of h
	key []byte // what is still to come
}

// touch does the work for at most lanes keys.
func (t *Tree) touch(keys [][]byte) {
	var all [lanes]lane
	active := all[:len(keys)]
	for i, key := range keys {
		active[i] = lane{h: t.root, key: key}
	}
	for len(active) > 0 {
		// These loads do not depend on one another: the processor issues the
		// next while it waits for the first.
		for i := range active {
			active[i].w = *(*uint32)(t.mem.At(active[i].h))
		}
		kept := 0
		for i := range active {
			l := &active[i]
			if t.isLeaf(l.h) {
				touchLeaf(t.mem.At(l.h))
				continue
			}
			if l.step(t.mem.At(l.h)) {
				active[kept] = *l
				kept++
			}
		}
		active = active[:kept]
	}
}

// step goes on to the child, if there is one. Prefixes are not compared: a
// wrong way costs no more than the right one.
func (l *lane) step(p unsafe.Pointer) bool {
	n := node(l.w)
	size := n.prefixLen()
	if len(l.key) <= size {
		if len(l.key) < size || !n.hasTerm() {
			return false
		}
		l.h, l.key = *slotAt(p, n.term()), nil
		return true
	}
	off := n.slot(p, l.key[size])
	if off == 0 {
		return false
	}
	l.h, l.key = *slotAt(p, off), l.key[size+1:]
	return l.h != 0
}

// touchLeaf reads one byte of each of the first lines of a leaf but the first.
func touchLeaf(p unsafe.Pointer) {
	l := leafAt(p)
	b := bytesAt(p, 0, l.size())
	var x byte
	for i := lineBytes; i < min(len(b), touchLines*lineBytes); i += lineBytes {
		x |= b[i]
	}
	keep(x)
}

// keep makes the compiler think that a value is used.
//
//go:noinline
func keep(byte) {}

// touchChildren reads the first words of the node's next children from the
// i-th slot on: they are about to be visited one by one, and so their waits
// overlap.
func (t *Tree) touchChildren(p unsafe.Pointer, n node, i int) {
	used := min(n.width(), i+lanes)
	var x uint32
	for ; i < used; i++ {
		if h := *slotAt(p, n.children()+4*i); h != 0 {
			x |= *(*uint32)(t.mem.At(h))
		}
	}
	keep(byte(x))
}
