package radix

import "unsafe"

// What was detached waits in t.trash to be taken apart, without a byte of
// memory beside its own. The nodes whose children are being freed form a
// stack: each has, in place of its items, the handle of the node below it in
// the stack and, in place of its weight, the number of slots that are done.
//
//	t.trash ─> node, 3 slots done ─> its parent, 1 done ─> ... ─> the root of
//	the family, 7 done ─> the root of the family detached before ─> 0
//
// A child that is a node goes on top of its parent, so the depth of a family
// costs nothing. Families that are a single leaf stand in t.trashLeaves.

// trashNext and trashDone are those two fields of a detached node.
func trashNext(p unsafe.Pointer) *handle { return slotAt(p, nodeItems) }

func trashDone(p unsafe.Pointer) *uint64 { return weightOf(p) }

// discard queues h and all below it.
func (t *Tree) discard(h handle) {
	if t.isLeaf(h) {
		t.trashLeaves = append(t.trashLeaves, h)
		return
	}
	p := t.mem.At(h)
	*trashNext(p), *trashDone(p) = t.trash, 0
	t.trash = h
}

// Reclaim gives back memory of what was detached, in at most limit steps, and
// reports whether any is left. A step frees a node or a leaf, or goes down to
// a node: the way to the end of a very long key is bounded, too. visit, unless
// nil, sees each record once before it is freed; it may change the record's
// bytes but not the tree.
func (t *Tree) Reclaim(limit int, visit func(rec []byte)) (more bool) {
	for ; limit > 0 && len(t.trashLeaves) > 0; limit-- {
		last := len(t.trashLeaves) - 1
		t.reclaimLeaf(t.trashLeaves[last], visit)
		t.trashLeaves = t.trashLeaves[:last]
	}
	for limit > 0 && t.trash != 0 {
		p := t.mem.At(t.trash)
		n := nodeAt(p)
		done := int(*trashDone(p))
		if done%lanes == 0 {
			t.touchChildren(p, n, done)
		}
		h, done := n.nextSlot(p, done)
		*trashDone(p) = uint64(done)
		switch {
		case h == 0:
			free := t.trash
			t.trash = *trashNext(p)
			t.nodes.Free(free, n.size())
			limit--
		case t.isLeaf(h):
			t.reclaimLeaf(h, visit)
			limit--
		default:
			t.discard(h)
			limit--
		}
	}
	if len(t.trashLeaves) == 0 {
		t.trashLeaves = nil
	}
	return t.trash != 0 || len(t.trashLeaves) != 0
}

func (t *Tree) reclaimLeaf(h handle, visit func(rec []byte)) {
	p := t.mem.At(h)
	l := leafAt(p)
	if visit != nil {
		visit(l.recOf(p))
	}
	t.leavesOf(h).Free(h, l.size())
}

// nextSlot returns the first entry of the node at p from the i-th slot on,
// the slot of a key that ends here being the last, and the number of the slot
// after it; 0 if there is none.
func (n node) nextSlot(p unsafe.Pointer, i int) (h handle, next int) {
	used := n.width()
	for ; i < used; i++ {
		if h := *slotAt(p, n.children()+4*i); h != 0 {
			return h, i + 1
		}
	}
	if i == used && n.hasTerm() {
		return *slotAt(p, n.term()), used + 1
	}
	return 0, i
}
