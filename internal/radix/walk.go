package radix

import (
	"bytes"
	"unsafe"
)

// Walk calls fn with every key that begins with prefix and is not less than
// from, in ascending order, until fn returns false. key is valid during the
// call only; fn may change the bytes of rec but not the tree. Walk may run
// beside other calls that change nothing.
func (t *Tree) Walk(prefix, from []byte, fn func(key, rec []byte) bool) {
	h, depth := t.family(prefix, nil)
	if h == 0 {
		return
	}
	inside := bytes.HasPrefix(from, prefix)
	if !inside && bytes.Compare(from, prefix) > 0 {
		return // the whole family is less than from
	}
	w := t.walkers.Get().(*walker)
	w.tree, w.touch = t, true
	w.key = append(w.key[:0], prefix[:depth]...)
	w.stack = w.stack[:0]
	if inside && len(from) > len(prefix) {
		w.seek(h, from)
	} else {
		w.enter(h)
	}
	for w.next() && fn(w.key, w.rec) {
	}
	w.rec = nil
	if cap(w.key) <= maxWalker && cap(w.stack) <= maxWalker {
		t.walkers.Put(w)
	}
}

// maxWalker bounds what a walker keeps for the next walk.
const maxWalker = 64 << 10

// A walker goes through a tree in order. Its stack is a slice, so the depth
// of the tree costs no goroutine stack.
type walker struct {
	tree  *Tree
	key   []byte  // of the leaf that next moved to
	rec   []byte  // its record
	stack []frame // the nodes above what comes next
	ready handle  // a leaf that comes before what the stack says, or 0
	depth int     // bytes of the key before those of ready
	touch bool    // the leaves will be read
}

// A frame is a node and where the walk stands in it.
type frame struct {
	node  handle
	next  int  // the slot that comes next; -1: the key that ends at the node
	depth int  // bytes of the key before the node's children
	off   int  // the distance from the node's start to the slot that was taken
	done  bool // defragmentation has looked at the node and those above it
}

// enter makes h and all below it come next. The key ends before h's bytes.
func (w *walker) enter(h handle) {
	if w.tree.isLeaf(h) {
		w.ready, w.depth = h, len(w.key)
		return
	}
	p := w.tree.mem.At(h)
	w.key = append(w.key, nodeAt(p).prefixOf(p)...)
	w.stack = append(w.stack, frame{node: h, next: -1, depth: len(w.key)})
}

// seek makes the keys from from on come next, of those at h and below. The
// key ends before h's bytes, and from begins with it.
func (w *walker) seek(h handle, from []byte) {
	t := w.tree
	for {
		p := t.mem.At(h)
		rest := from[len(w.key):]
		if t.isLeaf(h) {
			if bytes.Compare(leafAt(p).suffixOf(p), rest) >= 0 {
				w.enter(h)
			}
			return
		}
		n := nodeAt(p)
		own := n.prefixOf(p)
		if len(rest) <= len(own) || string(own) != string(rest[:len(own)]) {
			if bytes.Compare(own, rest) >= 0 {
				w.enter(h)
			}
			return
		}
		w.key = append(w.key, own...)
		c := rest[len(own)]
		next := 0
		if n.isRange() {
			next = max(0, int(c)-n.lo())
		} else {
			next = n.below(p, c)
		}
		w.stack = append(w.stack, frame{node: h, next: next, depth: len(w.key)})
		off := n.slot(p, c)
		if off == 0 || *slotAt(p, off) == 0 {
			return
		}
		f := &w.stack[len(w.stack)-1]
		f.next++
		f.off = off
		w.key = append(w.key, c)
		h = *slotAt(p, off)
	}
}

// next moves to the next leaf, reads it and reports whether there is one.
func (w *walker) next() bool {
	if !w.advance() {
		return false
	}
	w.load()
	w.ready = 0
	return true
}

// advance makes the next leaf w.ready and reports whether there is one. It
// does not touch the leaf.
func (w *walker) advance() bool {
	t := w.tree
	for w.ready == 0 {
		if len(w.stack) == 0 {
			return false
		}
		f := &w.stack[len(w.stack)-1]
		p := t.mem.At(f.node)
		n := nodeAt(p)
		w.key = w.key[:f.depth]
		if f.next < 0 {
			f.next = 0
			if n.hasTerm() {
				f.off = n.term()
				w.ready, w.depth = *slotAt(p, f.off), f.depth
				break
			}
		}
		if w.touch && f.next%lanes == 0 {
			t.touchChildren(p, n, f.next)
		}
		i, h := n.child(p, f.next)
		f.next = i + 1
		if h == 0 {
			w.stack = w.stack[:len(w.stack)-1]
			continue
		}
		f.off = n.children() + 4*i
		w.key = append(w.key, n.keyAt(p, f.off))
		w.enter(h)
	}
	return true
}

// load reads the leaf w.ready.
func (w *walker) load() {
	p := w.tree.mem.At(w.ready)
	l := leafAt(p)
	w.key = append(w.key[:w.depth], l.suffixOf(p)...)
	w.rec = l.recOf(p)
}

// child returns the first child of the node at p from the i-th slot on, and
// its slot; 0 if there is none.
func (n node) child(p unsafe.Pointer, i int) (int, handle) {
	used := n.width()
	for ; i < used; i++ {
		if h := *slotAt(p, n.children()+4*i); h != 0 {
			return i, h
		}
	}
	return i, 0
}
