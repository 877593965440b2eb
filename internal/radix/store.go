package radix

import (
	"fmt"
	"math"

	"github.com/gogibson/gibson/internal/arena"
)

// ErrMemory says that neither holes nor address space had room. The tree is
// as it was.
var ErrMemory = fmt.Errorf("radix: out of memory")

// MaxKey is the length of the longest key, in bytes.
const MaxKey = 16 << 20

// maxRecord is the length of the longest record.
const maxRecord = min(math.MaxUint32, arena.MaxBlock-2*MaxKey)

// ErrKey says that a key is longer than [MaxKey].
var ErrKey = fmt.Errorf("radix: key of more than %d bytes", MaxKey)

// Put makes the record of key size bytes long and returns it for the caller
// to fill; its contents are undefined, even if key had a record before. The
// key is copied; the record aliases the tree's memory until the next change.
// If the error is not nil, [ErrMemory] or [ErrKey], the tree is unchanged.
func (t *Tree) Put(key []byte, size int) ([]byte, error) {
	t.Seek(key)
	return t.Store(size)
}

// Store is [Tree.Put] for the key of the last [Tree.Seek]. Without one, or
// after a change or an [Tree.Approach], it returns [ErrNoSeek].
func (t *Tree) Store(size int) ([]byte, error) {
	at := &t.at
	switch {
	case at.end == nowhere || at.end == halfway:
		return nil, ErrNoSeek
	case len(at.key) > MaxKey:
		t.Forget()
		return nil, ErrKey
	case size < 0 || uint64(size) > maxRecord:
		t.Forget()
		return nil, ErrMemory
	case at.end == atKey:
		return t.replace(size)
	}
	return t.add(size)
}

// replace changes the size of the record of the leaf at the place.
func (t *Tree) replace(size int) ([]byte, error) {
	at := &t.at
	p := t.mem.At(at.h)
	l := leafAt(p)
	grown := int64(size) - int64(l.recLen)
	if grown == 0 {
		t.Forget()
		return l.recOf(p), nil
	}
	to := l
	to.recLen = size
	// What fits the block stays. All else moves, because blocks that grow and
	// shrink in place leave holes of sizes that nobody asks for; but for large
	// blocks, which are few and whose pages are in memory already.
	room := arena.Size(l.size())
	stays := arena.Size(to.size()) == room || room >= largeLeaf
	if l.wide() == (size > leafRecMask || l.suffixLen > leafSufMask) && stays && t.leavesOf(at.h).Resize(at.h, l.size(), to.size()) {
		to.write(p)
		t.adjust(0, grown)
		return to.recOf(p), nil
	}
	h := t.makeLeaf(l.suffixOf(p), size)
	if h == 0 {
		t.Forget()
		return nil, ErrMemory
	}
	t.leavesOf(at.h).Free(at.h, l.size())
	*t.slotOf(len(at.path)) = h
	t.adjust(0, grown)
	p = t.mem.At(h)
	return leafAt(p).recOf(p), nil
}

// add makes a leaf for the key at the place, which has none.
func (t *Tree) add(size int) ([]byte, error) {
	leaf := t.makeLeaf(t.at.rest(), size)
	if leaf == 0 {
		t.Forget()
		return nil, ErrMemory
	}
	if !t.attach(leaf, 1, int64(len(t.at.key)+size)) {
		t.freeLeaf(leaf)
		t.Forget()
		return nil, ErrMemory
	}
	p := t.mem.At(leaf)
	return leafAt(p).recOf(p), nil
}

// rest returns the bytes of the key that its leaf will hold: all behind the
// byte that tells it from its new siblings.
func (at *place) rest() []byte {
	rest := at.key[at.pos:]
	if at.end != atVacancy {
		rest = rest[at.same:]
	}
	if at.h != 0 && len(rest) > 0 {
		rest = rest[1:]
	}
	return rest
}

// attach makes the tree lead to h at the place, which has none of its keys: a
// leaf of the place's key, or a node that is above it. It reports whether
// there was memory for it.
func (t *Tree) attach(h handle, items int, weight int64) bool {
	at := &t.at
	ok := true
	switch {
	case at.h == 0:
		t.root = h
	case at.end == insideLeaf:
		ok = t.splitLeaf(h, items, weight)
	case at.end == insideNode:
		ok = t.splitNode(h, items, weight)
	default:
		ok = t.addEntry(h)
	}
	if ok {
		t.adjust(items, weight)
	}
	return ok
}

// splitLeaf puts a node where the leaf at the place is: it has the bytes that
// the leaf's suffix and the key share, and leads to both it and child.
func (t *Tree) splitLeaf(child handle, items int, weight int64) bool {
	at := &t.at
	p := t.mem.At(at.h)
	l := leafAt(p)
	suffix := l.suffixOf(p)
	oldItems, oldWeight := t.weigh(at.h, at.pos)
	img := &t.scratch
	img.reset(oldItems+items, oldWeight+weight)
	img.place(at.key[at.pos+at.same:], child)
	ends := at.same == len(suffix)
	var branch byte
	if ends {
		img.term = at.h
	} else {
		branch = suffix[at.same]
		img.add(branch, at.h)
	}
	top, bottom := t.chain(suffix[:at.same], img)
	if top == 0 {
		return false
	}
	// Nothing can fail any more. The leaf gets its new handle.
	bp := t.mem.At(bottom)
	if ends {
		*slotAt(bp, nodeAt(bp).term()) = t.cutLeaf(at.h, at.same)
	} else {
		*slotAt(bp, nodeAt(bp).slot(bp, branch)) = t.cutLeaf(at.h, at.same+1)
	}
	*t.slotOf(len(at.path)) = top
	t.joinAbove()
	return true
}

// splitNode puts a node where the node at the place is: it has the bytes that
// the node's prefix and the key share, and leads to both it and child.
func (t *Tree) splitNode(child handle, items int, weight int64) bool {
	at := &t.at
	p := t.mem.At(at.h)
	prefix := nodeAt(p).prefixOf(p)
	oldItems, oldWeight := t.weigh(at.h, at.pos)
	img := &t.scratch
	img.reset(oldItems+items, oldWeight+weight)
	img.add(prefix[at.same], at.h)
	img.place(at.key[at.pos+at.same:], child)
	h := t.makeNode(prefix[:at.same], img)
	if h == 0 {
		return false
	}
	branch := prefix[at.same]
	t.cutNode(at.h, at.same+1)
	*t.slotOf(len(at.path)) = h
	// A link that has become shorter, or that has a shorter node below it
	// now, may have become needless.
	hp := t.mem.At(h)
	t.joinLink(slotAt(hp, nodeAt(hp).slot(hp, branch)))
	t.joinAbove()
	return true
}

// chain makes a node of the entries of img at the end of a path of any
// length: a node holds at most maxPrefix bytes of it, so above it there may
// be links, nodes with one child. It returns the highest and the lowest node,
// 0 if there is no memory.
func (t *Tree) chain(path []byte, img *image) (top, bottom handle) {
	links := 0
	if len(path) > maxPrefix {
		links = (len(path) - maxPrefix + linkBytes - 1) / linkBytes
	}
	bottom = t.makeNode(path[links*linkBytes:], img)
	if bottom == 0 || links == 0 {
		return bottom, bottom
	}
	top = bottom
	link := image{items: img.items, weight: img.weight, n: 1}
	for i := links - 1; i >= 0; i-- {
		part := path[i*linkBytes : (i+1)*linkBytes]
		link.keys[0], link.kids[0] = part[maxPrefix], top
		h := t.makeNode(part[:maxPrefix], &link)
		if h == 0 {
			t.freeChain(top, bottom)
			return 0, 0
		}
		top = h
	}
	return top, bottom
}

// linkBytes is what a link and the byte of its child hold of a path.
const linkBytes = maxPrefix + 1

// freeChain frees what chain made.
func (t *Tree) freeChain(top, bottom handle) {
	for {
		p := t.mem.At(top)
		n := nodeAt(p)
		next := *slotAt(p, n.children())
		t.nodes.Free(top, n.size())
		if top == bottom {
			return
		}
		top = next
	}
}
