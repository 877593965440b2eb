package radix

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/gogibson/gibson/internal/arena"
)

// ErrCorrupt is what [Tree.Check] wraps.
var ErrCorrupt = errors.New("radix: corrupt")

// Check verifies every invariant of the tree and of the memory below it: the
// formats, the order of children, the sums, that no node is there without
// need, and that every block in use is part of the tree or waits for Reclaim.
// It visits everything.
func (t *Tree) Check() error {
	_, err := t.check()
	return err
}

// check is Check, and returns how many of the nodes that t.loose has counted
// still have a single entry.
func (t *Tree) check() (loose int, err error) {
	c := checker{t: t, size: make(map[handle]int)}
	if err := c.tree(t.root, true); err != nil {
		return 0, err
	}
	if err := c.trash(); err != nil {
		return 0, err
	}
	return c.loose, c.sums()
}

// sums compares what was seen with what the regions have counted.
func (c *checker) sums() error {
	t := c.t
	blocks := 0
	for _, r := range t.regions() {
		blocks += r.Stats().Blocks
		// A block that is not part of the tree has the size 0 here, which
		// shows in the sums of the region.
		if err := r.Check(func(h handle) int { return c.size[h] }); err != nil {
			return err
		}
	}
	m := t.Memory()
	if used, held := t.Taken(); used != m.Used || held != m.Held {
		return fmt.Errorf("%w: %d bytes used and %d held, or %d and %d", ErrCorrupt, used, held, m.Used, m.Held)
	}
	if blocks != len(c.size) {
		return fmt.Errorf("%w: %d blocks are in use, the tree has %d", ErrCorrupt, blocks, len(c.size))
	}
	return nil
}

func corrupt(h handle, format string, args ...any) error {
	return fmt.Errorf("%w: %#x %s", ErrCorrupt, uint32(h), fmt.Sprintf(format, args...))
}

type checker struct {
	t     *Tree
	size  map[handle]int // of every block seen
	loose int            // nodes seen that were left with one entry
}

// A sum is a node whose children are being added up.
type sum struct {
	h      handle
	next   int // the slot to look at next
	depth  int // bytes of the key before its children
	items  int
	weight int64
}

// tree checks root and all below it, and the weights if root is that of the
// tree: what was detached has lost the bytes above it.
func (c *checker) tree(root handle, weights bool) error {
	if root == 0 {
		return nil
	}
	top := sum{}
	stack := []sum{}
	visit := func(h handle, depth int, above *sum) error {
		if !c.t.isLeaf(h) {
			if err := c.node(h); err != nil {
				return err
			}
			p := c.t.mem.At(h)
			stack = append(stack, sum{h: h, depth: depth + nodeAt(p).prefixLen()})
			return nil
		}
		l, err := c.leaf(h)
		above.items++
		above.weight += int64(depth + l.suffixLen + l.recLen)
		return err
	}
	if err := visit(root, 0, &top); err != nil {
		return err
	}
	for len(stack) > 0 {
		s := &stack[len(stack)-1]
		p := c.t.mem.At(s.h)
		n := nodeAt(p)
		h, next := n.nextSlot(p, s.next)
		if h != 0 {
			s.next = next
			depth := s.depth + 1
			if ends := next == n.width()+1; ends {
				depth--
				if !c.t.isLeaf(h) || leafAt(c.t.mem.At(h)).suffixLen != 0 {
					return corrupt(s.h, "ends a key, and %#x is not its leaf", uint32(h))
				}
			}
			if err := visit(h, depth, s); err != nil {
				return err
			}
			continue
		}
		items, weight := c.t.weigh(s.h, 0)
		if items != s.items || weights && weight != s.weight {
			return corrupt(s.h, "says %d items and weight %d, has %d and %d", items, weight, s.items, s.weight)
		}
		stack = stack[:len(stack)-1]
		if len(stack) > 0 {
			above := &stack[len(stack)-1]
			above.items += items
			above.weight += weight
		}
	}
	return nil
}

// see notes a block and that it was not seen before.
func (c *checker) see(h handle, size int) error {
	if c.size[h] != 0 {
		return corrupt(h, "is reached twice")
	}
	c.size[h] = size
	return nil
}

func (c *checker) leaf(h handle) (leaf, error) {
	l := leafAt(c.t.mem.At(h))
	if l.rec%4 != 0 || l.suffix-leafHeader >= 2*arena.Unit {
		return l, corrupt(h, "has the layout %+v", l)
	}
	return l, c.see(h, l.size())
}

func (c *checker) node(h handle) error {
	p := c.t.mem.At(h)
	n := nodeAt(p)
	if err := c.see(h, n.size()); err != nil {
		return err
	}
	if err := c.children(h, p, n); err != nil {
		return err
	}
	return c.single(h, p, n)
}

// children checks the slots of a node.
func (c *checker) children(h handle, p unsafe.Pointer, n node) error {
	if n.isRange() {
		used := 0
		for i := range n.slots() {
			if *slotAt(p, n.children()+4*i) != 0 {
				used++
			}
		}
		if used != n.count(p) || n.lo()+n.slots() > 256 {
			return corrupt(h, "is a range node from %#x of %d slots, %d children, and says %d", n.lo(), n.slots(), used, n.count(p))
		}
		return nil
	}
	if n.sorted() > n.slots() {
		return corrupt(h, "has %d children and room for %d", n.sorted(), n.slots())
	}
	keys := bytesAt(p, n.keys(), n.sorted())
	for i := range keys {
		if i > 0 && keys[i-1] >= keys[i] {
			return corrupt(h, "has the keys %q", keys)
		}
		if *slotAt(p, n.children()+4*i) == 0 {
			return corrupt(h, "has no child for its key %q", keys[i])
		}
	}
	return nil
}

// single checks that a node with a single entry has a reason to be there: its
// bytes and those of the node below it are too many for one, or, once for each
// time that this happened, it could not be merged when it lost its other entry.
func (c *checker) single(h handle, p unsafe.Pointer, n node) error {
	switch n.entries(p) {
	case 0:
		return corrupt(h, "leads nowhere")
	case 1:
	default:
		return nil
	}
	if child, _ := n.nextSlot(p, 0); !c.t.isLeaf(child) {
		if below := nodeAt(c.t.mem.At(child)); n.prefixLen()+1+below.prefixLen() > maxPrefix {
			return nil
		}
	}
	if c.loose++; c.loose > c.t.loose {
		return corrupt(h, "has a prefix of %d bytes and a single entry; %d such nodes may be left", n.prefixLen(), c.t.loose)
	}
	return nil
}

// trash notes the blocks that wait for Reclaim.
func (c *checker) trash() error {
	for _, h := range c.t.trashLeaves {
		if _, err := c.leaf(h); err != nil {
			return err
		}
	}
	for h := c.t.trash; h != 0; {
		p := c.t.mem.At(h)
		n := nodeAt(p)
		if err := c.see(h, n.size()); err != nil {
			return err
		}
		for i := int(*trashDone(p)); ; {
			child, next := n.nextSlot(p, i)
			if child == 0 {
				break
			}
			if err := c.tree(child, false); err != nil {
				return err
			}
			i = next
		}
		h = *trashNext(p)
	}
	return nil
}
