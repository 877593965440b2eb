package radix

import (
	"fmt"
	"unsafe"
)

// Check tests every invariant of the tree and returns the first that does not
// hold. It visits every node.
func (t *Tree) Check() error {
	if len(t.root.label) != 0 {
		return fmt.Errorf("radix: the root has the label %q, want none", t.root.label)
	}
	used, err := checkFamily(t.root)
	if err != nil {
		return fmt.Errorf("radix: %w", err)
	}
	for _, n := range t.queue {
		u, err := checkFamily(n)
		if err != nil {
			return fmt.Errorf("radix: detached: %w", err)
		}
		used += u
	}
	if used != t.used {
		return fmt.Errorf("radix: the tree says it takes %d bytes, its nodes take %d", t.used, used)
	}
	return nil
}

// sum is a node whose subtree is being added up.
type sum struct {
	n     *node
	next  int
	depth int // length of the path up to the end of the label
	items int
	bytes int64
}

// checkFamily tests the subtree of top and returns what it takes.
func checkFamily(top *node) (used int64, err error) {
	stack := []sum{{n: top, depth: pathLength(top)}}
	for len(stack) > 0 {
		s := &stack[len(stack)-1]
		if s.next == 0 {
			if err := checkNode(s.n, len(stack) == 1); err != nil {
				return 0, err
			}
			used += nodeCost + int64(len(s.n.label)+cap(s.n.rec))
			if s.n.rec != nil {
				s.items++
				s.bytes += int64(s.depth + len(s.n.rec))
			}
		}
		if s.next < len(s.n.children) {
			c := s.n.children[s.next]
			s.next++
			stack = append(stack, sum{n: c, depth: s.depth + len(c.label)})
			continue
		}
		if s.items != s.n.items {
			return 0, fmt.Errorf("node %q says it has %d items, has %d", s.n.label, s.n.items, s.items)
		}
		if s.bytes != s.n.bytes {
			return 0, fmt.Errorf("node %q says it weighs %d bytes, weighs %d", s.n.label, s.n.bytes, s.bytes)
		}
		stack = stack[:len(stack)-1]
		if len(stack) > 0 {
			up := &stack[len(stack)-1]
			up.items += s.items
			up.bytes += s.bytes
		}
	}
	return used, nil
}

// pathLength returns the length of the path to the end of top's label. A
// detached family no longer has its path, so it is found from the weight of
// the first record below top: the rest of the weights must then agree.
func pathLength(top *node) int {
	n, below := top, 0
	for n.rec == nil || len(n.children) > 0 {
		if len(n.children) == 0 {
			return 0 // the empty root
		}
		n = n.children[0]
		below += len(n.label)
	}
	return int(n.bytes) - len(n.rec) - below
}

// checkNode tests what must hold at a node by itself.
func checkNode(n *node, top bool) error {
	if n.rec == nil && len(n.children) < 2 && !top {
		return fmt.Errorf("node %q has no record and %d children, want 2 or more", n.label, len(n.children))
	}
	for i, c := range n.children {
		if len(c.label) == 0 {
			return fmt.Errorf("node %q has a child with an empty label", n.label)
		}
		if i > 0 && n.children[i-1].label[0] >= c.label[0] {
			return fmt.Errorf("node %q has child %q before %q", n.label, n.children[i-1].label, c.label)
		}
	}
	if len(n.rec) > 0 && uintptr(unsafe.Pointer(&n.rec[0]))%4 != 0 {
		return fmt.Errorf("record at node %q is not aligned to 4 bytes", n.label)
	}
	return nil
}
