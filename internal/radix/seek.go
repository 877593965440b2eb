package radix

import (
	"errors"
	"unsafe"
)

// ErrNoSeek is what Store returns when no Seek precedes it.
var ErrNoSeek = errors.New("radix: store without a seek, or after a change that followed it")

// A place is where a descent ended, which is what a change at a key needs to know,
// or, halfway, where it is to go on.
type place struct {
	key []byte
	// path holds every node whose prefix the key has, from the root on, each
	// with the slot that was followed. The last slot is 0 if the node has
	// none for the key. Halfway it holds those above h.
	path []step
	h    handle // the leaf or node where it ended; 0: nothing is there
	pos  int    // bytes of the key before those that h holds
	same int    // bytes of h's prefix or suffix that the key has
	end  ending
}

// A step is a node and the distance from its start to the slot taken.
type step struct {
	node handle
	off  int
}

// An ending says what stands at a place.
type ending uint8

const (
	nowhere    ending = iota // no Seek, or a change since
	halfway                  // an Approach, and no Seek since: h, at pos, is still to be looked at, whatever it is
	atKey                    // h is the leaf of the key
	atVacancy                // h is the last node of path and has no slot for the key, or the tree is empty
	insideLeaf               // h is a leaf whose suffix the key leaves
	insideNode               // h is a node whose prefix the key leaves
)

// Seek returns the record of key like [Tree.Find] and remembers the way, so
// that a [Tree.Store] or [Tree.Remove] that follows need not look for it. The
// tree keeps key itself until the next Seek, Approach, Forget or change: it must
// stay as it is until then. Seek needs the tree for itself.
//
// After an [Tree.Approach] to key, the same bytes in memory, it goes on from there.
func (t *Tree) Seek(key []byte) []byte {
	at := &t.at
	if at.end == halfway && len(key) == len(at.key) && unsafe.SliceData(key) == unsafe.SliceData(at.key) {
		return t.descend(at.path, at.h, at.pos, false)
	}
	at.key = key
	return t.descend(at.path[:0], t.root, 0, false)
}

// Approach begins the way of a [Tree.Seek] for key, which may follow: it stops before the
// node or leaf that is likely to be the last on it and asks the processor for that, which
// arrives while the caller does something else. Where the key leaves the tree before that,
// there is nothing to ask for. It ends the place of the last Seek, changes nothing else,
// and needs the tree for itself; it keeps key as Seek does.
func (t *Tree) Approach(key []byte) {
	at := &t.at
	at.key = key
	t.descend(at.path[:0], t.root, 0, true)
	if at.end == atVacancy && at.h != 0 { // Seek is to look at that node again, not at what is behind it
		at.path = at.path[:len(at.path)-1]
		at.pos -= nodeAt(t.mem.At(at.h)).prefixLen()
	}
	at.end = halfway
}

// In a tree of N keys there are about N/i nodes with i items below them. So it is the
// nodes with few items of which there are, in a large tree, too many for the processor's
// cache.
const (
	// farItems is how many items a node has at the most whose child is asked for even
	// if it is read at once: it mostly lies in two lines, and the wait for the second
	// would only begin when the first says which word of it is needed.
	farItems = 4 << 10
	// lastItems is how many items the children of a node have on average, at the
	// most, if the next is likely to be the last on the way. The lowest nodes of
	// decimal and hexadecimal numbers have no more.
	lastItems = 16
)

// descend goes down from h, at pos of the key of the place, to where the key is or
// would be. If it only approaches, it stops before a leaf, and before a node that is likely
// to be the last of the way. path is the way to h.
func (t *Tree) descend(path []step, h handle, pos int, approach bool) []byte {
	at := &t.at
	key := at.key
	at.same = 0
	for h != 0 && !t.isLeaf(h) {
		p := t.mem.At(h)
		n := nodeAt(p)
		keys := nodeHeader // n.keys()
		if size := n.prefixLen(); size != 0 {
			if !hasPrefix(p, size, key, pos) {
				at.path, at.h, at.pos, at.end = path, h, pos, insideNode
				at.same = common(n.prefixOf(p), key[pos:])
				return nil
			}
			pos += size
			keys += pad4(size)
		}
		if pos == len(key) {
			off := 0
			if n.hasTerm() {
				off = n.term()
			}
			path = append(path, step{h, off})
			if off == 0 {
				at.path, at.h, at.pos, at.end = path, h, pos, atVacancy
				return nil
			}
			h = *slotAt(p, off) // the leaf of a key that ends at its node
			break
		}
		off, next := 0, handle(0) // n.slot, which is not inlined
		if n.isRange() {
			if i := int(key[pos]) - n.lo(); uint(i) < uint(n.slots()) {
				off = keys + 4*i
				next = *slotAt(p, off)
			}
		} else if i := find(p, keys, n.sorted(), key[pos]); i >= 0 {
			off = keys + pad4(n.slots()) + 4*i
			next = *slotAt(p, off)
		}
		path = append(path, step{h, off})
		if next == 0 {
			at.path, at.h, at.pos, at.end = path, h, pos, atVacancy
			return nil
		}
		h = next
		pos++
		if approach {
			if items := int(*itemsOf(p)); items <= farItems {
				prefetch(t.mem.At(h))
				if items <= lastItems*n.count(p) {
					at.path, at.h, at.pos, at.end = path, h, pos, halfway
					return nil
				}
			}
		}
	}
	at.path, at.h, at.pos = path, h, pos
	if h == 0 { // an empty tree
		at.end = atVacancy
		return nil
	}
	p := t.mem.At(h)
	if approach {
		prefetch(p)
		at.end = halfway
		return nil
	}
	l := leafAt(p)
	if suffix := l.suffixOf(p); string(suffix) != string(key[pos:]) {
		at.end, at.same = insideLeaf, common(suffix, key[pos:])
		return nil
	}
	at.end = atKey
	return l.recOf(p)
}

// common returns the length of the longest common prefix of a and b.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// slotOf returns the slot that leads to the i-th node of the path, or, for
// the length of the path, to where the descent ended.
func (t *Tree) slotOf(i int) *handle {
	if i == 0 {
		return &t.root
	}
	s := t.at.path[i-1]
	return slotAt(t.mem.At(s.node), s.off)
}

// adjust adds to the sums of every node of the path. It ends the place.
func (t *Tree) adjust(items int, weight int64) {
	for _, s := range t.at.path {
		p := t.mem.At(s.node)
		*itemsOf(p) += uint32(items)
		// Neither sum nor difference leaves its 48 bits.
		*weightOf(p) += uint64(weight)
	}
	t.Forget()
}

// Forget ends the place of the last [Tree.Seek] or [Tree.Approach], and lets go of its
// key. Every change of the tree does so, too. It needs the tree for itself.
func (t *Tree) Forget() {
	t.at.end = nowhere
	t.at.key = nil
	if cap(t.at.path) > maxPath {
		t.at.path = nil // a single deep key must not hold memory for ever
	}
}

// maxPath is the length of path that is kept for the next Seek.
const maxPath = 1 << 12
