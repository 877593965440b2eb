package radix

import (
	"bytes"
	"errors"
	"iter"
	"math"
	"slices"
)

// ErrRun says that the keys of a run do not ascend, that one of them does not
// begin with the run's prefix, or that the tree has keys which do.
var ErrRun = errors.New("radix: the keys of a run must ascend, and begin with a prefix that no key of the tree has")

// PutRun gives each of the keys a copy of rec as its record and returns how
// many keys there were. They must ascend and begin with prefix, and no key of
// the tree may do so; a key must stay as it is until the next one comes. If
// the error is not nil, [ErrRun], [ErrKey] or [ErrMemory], the tree is
// unchanged. keys may read the tree, but neither Seek, Approach nor Forget in it, nor
// change it; rec must not be one of its records.
//
// It costs less than half of as many Puts: nothing is looked for, and each node
// is made once, when all that is below it is known, while Put makes a node anew
// whenever it must grow.
func (t *Tree) PutRun(prefix, rec []byte, keys iter.Seq[[]byte]) (n int, err error) {
	if t.Count(prefix) != 0 {
		return 0, ErrRun
	}
	if uint64(len(rec)) > maxRecord {
		return 0, ErrMemory
	}
	r := run{tree: t, prefix: prefix, rec: rec}
	for key := range keys {
		if err = r.add(key); err != nil {
			break
		}
		n++
	}
	if err == nil && n > 0 {
		err = r.finish()
	}
	t.Forget()
	if err != nil {
		r.drop()
		return 0, err
	}
	return n, nil
}

// A run is a family that is being made from keys that ascend. Its nodes are
// made from below: all above the key that came last are open, for more entries
// may follow, and its leaf is not made, because its suffix begins where the
// next key parts from it. Nothing of this is part of the tree until the end.
//
//	last  app:user:17          open nodes       entries so far
//	next  app:user:20          "app:user:"      0 ─ node of 00 to 09
//	               ^           └ "1"            0 to 6, leaves
//
// The next key shares 9 bytes with the last one. So the leaf of 17 becomes an
// entry of the node below "1", which is made, and an entry of the node above.
type run struct {
	tree   *Tree
	prefix []byte
	rec    []byte
	first  []byte // the first key
	last   []byte // the key that came last
	base   int    // bytes of the keys before those that the family holds
	open   []openNode
	bytes  []byte   // of the children of the open nodes, the highest node's first
	kids   []handle // these children

	top    handle // the family, when it is made
	items  int
	weight int64
}

// An openNode is a node that is not made yet.
type openNode struct {
	depth  int // bytes of the keys before its children
	kids   int // where its children begin in those of the run
	term   handle
	items  int
	weight int64
}

// add puts a key at the end of the run.
func (r *run) add(key []byte) error {
	same := 0
	switch {
	case len(key) > MaxKey:
		return ErrKey
	case r.first == nil:
		if !bytes.HasPrefix(key, r.prefix) {
			return ErrRun
		}
		r.first = append(make([]byte, 0, len(key)+1), key...) // never nil
		r.tree.Seek(r.first)
		// The family shares less than the prefix with any other key, so all
		// of it hangs on one slot, and that is above the prefix's end.
		r.base = len(key) - len(r.tree.at.rest())
	default:
		same = common(r.last, key)
		if same < len(r.prefix) || same == len(key) || same < len(r.last) && key[same] < r.last[same] {
			return ErrRun
		}
		if !r.close(same) {
			return ErrMemory
		}
	}
	r.last = append(r.last[:same], key[same:]...)
	return nil
}

// depth returns the depth of the lowest node of the first n open ones.
func (r *run) depth(n int) int {
	if n == 0 {
		return r.base - 1 // the byte before base leads to the family
	}
	return r.open[n-1].depth
}

// close makes the leaf of the last key and all nodes below depth, and puts
// them into the node that is open at depth; above the family, they are it. It
// reports whether there was memory. What is not made stays open.
func (r *run) close(depth int) bool {
	t := r.tree
	at := max(depth, r.depth(len(r.open)))
	h := t.makeLeaf(r.last[min(at+1, len(r.last)):], len(r.rec))
	if h == 0 {
		return false
	}
	p := t.mem.At(h)
	copy(leafAt(p).recOf(p), r.rec)
	items, weight := 1, int64(len(r.last)+len(r.rec))
	for at >= r.base {
		if at > r.depth(len(r.open)) {
			r.open = append(r.open, openNode{depth: at, kids: len(r.kids)})
		}
		o := &r.open[len(r.open)-1]
		o.items += items
		o.weight += weight
		if at == len(r.last) {
			o.term = h
		} else {
			r.bytes = append(r.bytes, r.last[at])
			r.kids = append(r.kids, h)
		}
		if at == depth {
			return true
		}
		at = max(depth, r.depth(len(r.open)-1))
		if h = r.make(o, r.last[at+1:o.depth]); h == 0 {
			return false
		}
		items, weight = o.items, o.weight
		r.open, r.bytes, r.kids = r.open[:len(r.open)-1], r.bytes[:o.kids], r.kids[:o.kids]
	}
	r.top, r.items, r.weight = h, items, weight
	return true
}

// make makes the lowest open node, 0 if there is no memory.
func (r *run) make(o *openNode, prefix []byte) handle {
	g := &r.tree.scratch
	g.reset(o.items, o.weight)
	g.term = o.term
	g.n = copy(g.keys[:], r.bytes[o.kids:])
	copy(g.kids[:], r.kids[o.kids:])
	h, _ := r.tree.chain(prefix, g)
	return h
}

// finish makes what is open and gives the family its place in the tree.
func (r *run) finish() error {
	if !r.close(r.base-1) || !r.tree.attach(r.top, r.items, r.weight) {
		return ErrMemory
	}
	return nil
}

// drop frees what was made.
func (r *run) drop() {
	t := r.tree
	// As Reclaim does it, but at once, and not what waits for that.
	trash, leaves := t.trash, t.trashLeaves
	t.trash, t.trashLeaves = 0, nil
	for _, o := range r.open {
		r.kids = append(r.kids, o.term)
	}
	for _, h := range append(slices.Clip(r.kids), r.top) {
		if h != 0 {
			t.discard(h)
		}
	}
	for t.Reclaim(math.MaxInt, nil) {
	}
	t.trash, t.trashLeaves = trash, leaves
}
