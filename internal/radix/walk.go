package radix

// frame is a node on the path from the start of a walk to where it stands.
type frame struct {
	n    *node
	next int // the child to visit next; -1 when the record comes first
	path int // the length of the key up to n, its label excluded
}

// Walk calls fn for every key that begins with prefix and is not less than
// from, in ascending byte order, until fn returns false. A nil from is less
// than every key. key is valid during the call only. fn may change the bytes
// of the record but not the tree.
func (t *Tree) Walk(prefix, from []byte, fn func(key, rec []byte) bool) {
	n := t.family(prefix)
	if n == nil {
		return
	}
	var stack [32]frame
	w := walker{frames: stack[:0]}
	w.start(t, prefix)
	w.push(n)
	w.seek(from)
	for len(w.frames) > 0 {
		f := &w.frames[len(w.frames)-1]
		if f.next < 0 {
			f.next = 0
			if f.n.rec != nil && !fn(w.key, f.n.rec) {
				return
			}
		}
		if f.next < len(f.n.children) {
			c := f.n.children[f.next]
			f.next++
			w.push(c)
			continue
		}
		w.pop()
	}
}

// walker is the state of one walk. Its stack is explicit because a tree may be
// as deep as its longest key.
type walker struct {
	frames []frame
	key    []byte // the path of the top frame, its label included
}

// start puts the path of the parent of prefix's family into the key.
func (w *walker) start(t *Tree, prefix []byte) {
	n := t.root
	for len(prefix) > 0 {
		i, _ := n.child(prefix[0])
		n = n.children[i]
		if len(prefix) <= len(n.label) {
			return
		}
		w.key = append(w.key, n.label...)
		prefix = prefix[len(n.label):]
	}
}

func (w *walker) push(n *node) {
	w.frames = append(w.frames, frame{n: n, next: -1, path: len(w.key)})
	w.key = append(w.key, n.label...)
}

func (w *walker) pop() {
	last := len(w.frames) - 1
	w.key = w.key[:w.frames[last].path]
	w.frames = w.frames[:last]
}

// seek moves on to the first node whose keys are not all less than from. The
// walk stands at the node of its family.
func (w *walker) seek(from []byte) {
	for {
		f := &w.frames[len(w.frames)-1]
		p := commonPrefix(w.key, from)
		if p == len(from) || p < len(w.key) && w.key[p] > from[p] {
			return // everything here is in
		}
		if p < len(w.key) {
			w.pop() // everything here is less; the parent goes on behind it
			return
		}
		// The path is a proper prefix of from: the record here is less, and so
		// are the children before the one that from leads to.
		i, ok := f.n.child(from[p])
		f.next = i
		if !ok {
			return
		}
		f.next++
		w.push(f.n.children[i])
	}
}
