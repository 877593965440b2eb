package radix

import "github.com/gogibson/gibson/internal/arena"

// defrag is the state of defragmentation: a walk through the whole tree, in
// small steps, that moves what lies above a boundary to holes below it.
type defrag struct {
	walk   walker
	cursor []byte // the walk goes on from here
	active bool
	// settled is how much the holes took when the last walk ended: it is not
	// worth another before they have grown. It is 0 if so much has gone since the
	// walk began, when live was in use, that its boundary was too high.
	settled int64
	live    int64
}

const (
	// A walk is worth it if the holes take more than 1/holesShare of what is
	// in use and more than holesMin bytes.
	holesShare = 8
	holesMin   = 1 << 20
	// The boundary leaves 1/roomShare of what is in use as holes, so that
	// there are places to move to.
	roomShare = 16
)

// Defrag takes one step towards having everything at low addresses, so that
// memory can go back to the system: it looks at up to limit leaves and the
// nodes above them and moves what lies too high. It reports whether there is
// more to do now; if not, it costs next to nothing. Records that were handed
// out are invalid afterwards.
func (t *Tree) Defrag(limit int) (more bool) {
	d := &t.defrag
	if !d.active && !t.startDefrag() {
		return false
	}
	t.Forget()
	w := &d.walk
	w.tree, w.key, w.stack, w.ready = t, w.key[:0], w.stack[:0], 0
	if t.root != 0 {
		w.seek(t.root, d.cursor)
	}
	for ; limit > 0; limit-- {
		if !w.advance() {
			t.endDefrag()
			return t.startDefrag() // so much may have gone meanwhile
		}
		t.moveNodes(w)
		t.moveLeaf(w)
		if limit == 1 {
			// The next step begins with the key after this one.
			w.load()
			d.cursor = append(append(d.cursor[:0], w.key...), 0)
		}
		w.ready = 0
	}
	return true
}

// startDefrag begins a walk if there is enough to gain.
func (t *Tree) startDefrag() bool {
	worth := false
	holes := int64(0)
	for _, r := range t.movable() {
		s := r.Stats()
		free := s.Span - s.Live
		holes += free
		worth = worth || free > max(s.Live/holesShare, holesMin)
	}
	d := &t.defrag
	if !worth || holes < d.settled+d.settled/holesShare {
		d.settled = min(d.settled, holes)
		return false
	}
	d.live = 0
	for _, r := range t.movable() {
		live := r.Live()
		d.live += live
		r.SetBoundary(r.Start() + handle((live+live/roomShare)/arena.Unit))
	}
	d.active = true
	d.cursor = d.cursor[:0]
	return true
}

// movable returns the regions whose blocks are moved. The holes between large
// leaves go back to the system by themselves.
func (t *Tree) movable() [2]*arena.Region {
	return [...]*arena.Region{t.nodes, t.leaves[0]}
}

// endDefrag ends a walk.
func (t *Tree) endDefrag() {
	d := &t.defrag
	d.active = false
	d.settled = 0
	live := int64(0)
	for _, r := range t.movable() {
		s := r.Stats()
		d.settled += s.Span - s.Live
		live += s.Live
	}
	if live < d.live-d.live/roomShare {
		d.settled = 0
	}
	if cap(d.cursor) > maxWalker || cap(d.walk.key) > maxWalker || cap(d.walk.stack) > maxWalker {
		d.walk, d.cursor = walker{}, nil
	}
}

// moveNodes moves those nodes above the walk's leaf that it has not looked at.
func (t *Tree) moveNodes(w *walker) {
	i := len(w.stack)
	for i > 0 && !w.stack[i-1].done {
		i--
	}
	for ; i < len(w.stack); i++ {
		f := &w.stack[i]
		f.done = true
		if !t.nodes.High(f.node) {
			continue
		}
		p := t.mem.At(f.node)
		n := nodeAt(p)
		if to := t.nodes.Lower(f.node, n.size()); to != 0 {
			*w.slot(i) = to
			f.node = to
		}
	}
}

// moveLeaf moves the walk's leaf.
func (t *Tree) moveLeaf(w *walker) {
	h := w.ready
	if h >= t.large || !t.leaves[0].High(h) {
		return
	}
	if to := t.leaves[0].Lower(h, leafAt(t.mem.At(h)).size()); to != 0 {
		*w.slot(len(w.stack)) = to
		w.ready = to
	}
}

// slot returns the slot that leads to the i-th node of the stack, or, for the
// length of the stack, to the leaf.
func (w *walker) slot(i int) *handle {
	if i == 0 {
		return &w.tree.root
	}
	f := &w.stack[i-1]
	return slotAt(w.tree.mem.At(f.node), f.off)
}
