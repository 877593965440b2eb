package radix

import (
	"fmt"
	"sync"

	"github.com/gogibson/gibson/internal/arena"
)

// Options configures a Tree. The zero value is ready for use.
type Options struct {
	// Limit is the memory, in bytes, that the tree is meant to take at the
	// most. It decides how much address space is reserved and is not enforced
	// beyond that: see [Tree.Memory]. 0 stands for [MaxLimit].
	Limit int64
}

// MaxLimit is the highest limit: what handles can address, with enough to
// spare that neither nodes nor leaves run out first.
const MaxLimit = 20 << 30

// OffHeap says that the memory of trees is not in the Go heap.
const OffHeap = arena.GivesBack

// Tree is an ordered map from keys to records. Make one with [New].
type Tree struct {
	mem   arena.Memory
	leaf  handle // handles from here on name leaves
	large handle // and from here on those of the third region
	root  handle

	at      place // where the last Seek or Approach ended
	space   *arena.Space
	nodes   *arena.Region
	leaves  [2]*arena.Region // for small leaves, and for large ones
	scratch image
	walkers sync.Pool // of *walker

	trash       handle   // detached nodes, see reclaim.go
	trashLeaves []handle // detached leaves
	loose       int      // nodes that were left with one entry, see merge.go
	defrag      defrag
}

// New returns an empty tree. The error wraps [arena.ErrSpace]: the limit is
// negative or above [MaxLimit], or the system refuses the address space.
func New(o Options) (*Tree, error) {
	if o.Limit < 0 || o.Limit > MaxLimit {
		return nil, fmt.Errorf("radix: %w: limit of %d bytes, want 0 to %d", arena.ErrSpace, o.Limit, int64(MaxLimit))
	}
	limit := o.Limit
	if limit == 0 {
		limit = MaxLimit
	}
	// Address space costs nothing, so there is room for holes that were
	// returned to the system, but no more than handles can address.
	limit = max(limit, 128<<20)
	nodes, leaves, large := shares(limit)
	space, err := arena.Reserve(nodes, leaves, large)
	if err != nil {
		return nil, fmt.Errorf("radix: %w", err)
	}
	t := &Tree{mem: space.Memory, space: space, nodes: space.Region(0)}
	t.leaves = [...]*arena.Region{space.Region(1), space.Region(2)}
	t.leaf, t.large = t.leaves[0].Start(), t.leaves[1].Start()
	// Large leaves leave large holes, which can go back to the system page by
	// page as long as these are small.
	t.leaves[1].SmallPages()
	t.walkers.New = func() any { return new(walker) }
	return t, nil
}

// shares divides the address space among the regions. Any of nodes and leaves
// may be nearly all that a tree holds: leaves of large records, and nodes where
// each pair of short records has a long prefix of its own. Where handles do not
// reach that far, nodes have 3/8 of the limit at the least.
func shares(limit int64) (nodes, leaves, large int64) {
	const page = 2 << 20 // regions are rounded up to it
	nodes = min(limit*9/8, arena.MaxSpace-limit*49/40)
	nodes = (nodes + page - 1) / page * page
	most := (arena.MaxSpace - nodes) / 2 / page * page
	return nodes, min(limit*9/8, most), min(2*limit, most)
}

// Close gives all memory back. The tree, and records that were handed out,
// must not be used afterwards; Close may be called again.
func (t *Tree) Close() {
	// Unmapping what was mapped does not fail.
	_ = t.space.Close()
	t.root, t.trash, t.trashLeaves = 0, 0, nil
	t.at = place{}
}

// Len returns the number of keys.
func (t *Tree) Len() int {
	items, _ := t.weigh(t.root, 0)
	return items
}

// regions returns all three.
func (t *Tree) regions() [3]*arena.Region {
	return [...]*arena.Region{t.nodes, t.leaves[0], t.leaves[1]}
}

// isLeaf says that h, which is not 0, names a leaf.
func (t *Tree) isLeaf(h handle) bool { return h >= t.leaf }

// weigh returns the items below h and their weight. depth is the number of
// key bytes before those that h holds.
func (t *Tree) weigh(h handle, depth int) (items int, weight int64) {
	if h == 0 {
		return 0, 0
	}
	p := t.mem.At(h)
	if t.isLeaf(h) {
		l := leafAt(p)
		return 1, int64(depth + l.suffixLen + l.recLen)
	}
	return int(*itemsOf(p)), int64(*weightOf(p) & weightMask)
}

// Memory is what a tree takes, in bytes.
type Memory struct {
	// Payload is the sum of the lengths of all keys and their records.
	Payload int64
	// Used is what nodes and leaves take, what Reclaim has yet to free
	// included.
	Used int64
	// Span is the distance from the lowest to the highest of them: Used and
	// the holes between.
	Span int64
	// Held is the memory that the system has given, as far as is known: at
	// least Used, and no more where holes cannot go back to the system, which
	// is everywhere but on 64-bit Linux and macOS.
	Held int64
	// Block is the size of the largest block that the tree can store.
	Block int64
}

// Memory returns what the tree takes.
func (t *Tree) Memory() Memory {
	_, payload := t.weigh(t.root, 0)
	m := Memory{Payload: payload, Block: arena.MaxBlock}
	for _, r := range t.regions() {
		s := r.Stats()
		m.Used += s.Live
		m.Span += s.Span
		m.Held += s.Resident
	}
	return m
}

// Taken returns [Memory]'s Used and Held alone, for those who ask often.
func (t *Tree) Taken() (used, held int64) {
	n, l, g := t.nodes, t.leaves[0], t.leaves[1]
	return n.Live() + l.Live() + g.Live(), n.Resident() + l.Resident() + g.Resident()
}

// Ahead is memory that a tree will need next. Its Fill may be called while the
// tree is used by others, but not after Close; its Filled may not.
type Ahead = arena.Ahead

// AheadBytes is how much one Ahead is.
const AheadBytes = arena.AheadBytes

// WantsAhead reports whether [Tree.Ahead] has something to fill.
func (t *Tree) WantsAhead() bool {
	return t.nodes.WantsAhead() || t.leaves[0].WantsAhead()
}

// Ahead returns memory that the tree is about to need and that somebody who
// does not keep others waiting may fill, if there is any.
func (t *Tree) Ahead() (a Ahead, ok bool) {
	if a, ok = t.nodes.Ahead(); ok {
		return a, ok
	}
	return t.leaves[0].Ahead()
}
