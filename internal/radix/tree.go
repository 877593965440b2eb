package radix

import (
	"bytes"
	"slices"
	"sort"
)

// Options configures a Tree. The zero value is ready for use.
type Options struct{}

// Tree is an ordered map from keys to records. Make one with New.
type Tree struct {
	root *node
	// queue holds the roots of detached families that Reclaim has yet to take
	// apart, as a stack.
	queue []*node
	// used is what the nodes, labels and records take, those queued included.
	used int64
}

// node is one point of the tree: see the package documentation. Invariants:
//   - a node other than the root has a record or at least two children;
//   - children are in ascending order of the first byte of their labels, and
//     no two labels begin with the same byte;
//   - items and bytes are the sums over the node's subtree.
type node struct {
	label    []byte // empty only at the root
	rec      []byte // nil when no key ends here
	children []*node
	items    int
	bytes    int64 // sum of the lengths of keys and records
}

// nodeCost is what a node takes beside its label and record: the struct and
// its slot in the parent.
const nodeCost = 112

// New returns an empty tree. It fails only where the system refuses memory.
func New(Options) (*Tree, error) {
	return &Tree{root: &node{}, used: nodeCost}, nil
}

// Close gives all memory back. Afterwards the tree is empty and must not be
// used; records that were handed out are invalid.
func (t *Tree) Close() {
	*t = Tree{root: &node{}}
}

// Len returns the number of keys.
func (t *Tree) Len() int { return t.root.items }

// Find returns the record of key, nil if there is none. It may be called by
// many goroutines at once while nobody changes the tree.
func (t *Tree) Find(key []byte) []byte {
	if n := t.find(key); n != nil {
		return n.rec
	}
	return nil
}

// find returns the node at which key ends, nil if there is none. The node
// need not have a record.
func (t *Tree) find(key []byte) *node {
	n := t.root
	for len(key) > 0 {
		i, ok := n.child(key[0])
		if !ok {
			return nil
		}
		n = n.children[i]
		if !bytes.HasPrefix(key, n.label) {
			return nil
		}
		key = key[len(n.label):]
	}
	return n
}

// family returns the node whose subtree is the family of prefix, nil if the
// family is empty. The path of the node may be longer than prefix.
func (t *Tree) family(prefix []byte) *node {
	n := t.root
	for len(prefix) > 0 {
		i, ok := n.child(prefix[0])
		if !ok {
			return nil
		}
		n = n.children[i]
		if len(prefix) <= len(n.label) {
			if bytes.HasPrefix(n.label, prefix) {
				return n
			}
			return nil
		}
		if !bytes.HasPrefix(prefix, n.label) {
			return nil
		}
		prefix = prefix[len(n.label):]
	}
	return n
}

// child returns the index of the child whose label begins with b, or the
// index at which such a child belongs.
func (n *node) child(b byte) (int, bool) {
	i := sort.Search(len(n.children), func(i int) bool { return n.children[i].label[0] >= b })
	return i, i < len(n.children) && n.children[i].label[0] == b
}

// Put makes the record of key size bytes long and returns it for the caller
// to fill: its contents are undefined, even if key had a record before. key is
// copied. The error says that the system has no memory left; the tree is then
// unchanged.
func (t *Tree) Put(key []byte, size int) ([]byte, error) {
	if n := t.find(key); n != nil && n.rec != nil {
		if d := size - len(n.rec); d != 0 {
			t.used -= int64(cap(n.rec))
			n.rec = newRecord(size)
			t.used += int64(cap(n.rec))
			t.adjust(key, 0, int64(d))
		}
		return n.rec, nil
	}
	rec := newRecord(size)
	t.used += int64(cap(rec))
	weight := int64(len(key) + size)
	n := t.root
	n.items++
	n.bytes += weight
	rest := key
	for len(rest) > 0 {
		i, ok := n.child(rest[0])
		if !ok {
			leaf := &node{label: bytes.Clone(rest), rec: rec, items: 1, bytes: weight}
			n.children = slices.Insert(n.children, i, leaf)
			t.used += nodeCost + int64(len(rest))
			return rec, nil
		}
		c := n.children[i]
		if p := commonPrefix(c.label, rest); p < len(c.label) {
			c = split(c, p)
			n.children[i] = c
			t.used += nodeCost
		}
		n = c
		n.items++
		n.bytes += weight
		rest = rest[len(n.label):]
	}
	n.rec = rec
	return rec, nil
}

// newRecord returns a record whose memory is a multiple of 8 bytes, which is
// what makes the Go allocator align it.
func newRecord(size int) []byte { return make([]byte, size, max(8, (size+7)&^7)) }

// split cuts the label of n after p bytes and returns the node that takes the
// place of n: it has the first part of the label and n as its only child.
func split(n *node, p int) *node {
	up := &node{label: n.label[:p:p], children: []*node{n}, items: n.items, bytes: n.bytes}
	n.label = n.label[p:]
	return up
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// adjust adds to the sums of every node on the path of key, which must end at
// a node.
func (t *Tree) adjust(key []byte, items int, weight int64) {
	n := t.root
	for {
		n.items += items
		n.bytes += weight
		if len(key) == 0 {
			return
		}
		i, _ := n.child(key[0])
		n = n.children[i]
		key = key[len(n.label):]
	}
}

// Delete removes key and reports whether it was there.
func (t *Tree) Delete(key []byte) bool {
	n := t.find(key)
	if n == nil || n.rec == nil {
		return false
	}
	t.used -= int64(cap(n.rec))
	weight := int64(len(key) + len(n.rec))
	if len(n.children) == 0 && n != t.root {
		t.cut(key, 1, weight)
		t.used -= nodeCost + int64(len(n.label))
		return true
	}
	t.adjust(key, -1, -weight)
	n.rec = nil
	if n != t.root {
		t.merge(n)
	}
	return true
}

// cut unhooks the node at which path ends, or in whose label it ends, mends
// its parent, and takes what the node held off the sums above it. The node
// itself stays as it is.
func (t *Tree) cut(path []byte, items int, weight int64) {
	n := t.root
	for {
		n.items -= items
		n.bytes -= weight
		i, _ := n.child(path[0])
		c := n.children[i]
		if len(path) <= len(c.label) {
			n.children = slices.Delete(n.children, i, i+1)
			break
		}
		path = path[len(c.label):]
		n = c
	}
	if n != t.root {
		t.merge(n)
	}
}

// merge restores the invariant at n: a node without a record and with one
// child becomes one with that child.
func (t *Tree) merge(n *node) {
	if n.rec != nil || len(n.children) != 1 {
		return
	}
	c := n.children[0]
	label := make([]byte, 0, len(n.label)+len(c.label))
	label = append(append(label, n.label...), c.label...)
	*n = node{label: label, rec: c.rec, children: c.children, items: c.items, bytes: c.bytes}
	t.used -= nodeCost
}
