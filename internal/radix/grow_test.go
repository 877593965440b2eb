package radix

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gogibson/gibson/internal/arena"
)

// counted returns a tree and the number of blocks that its nodes have asked for.
func counted(t *testing.T) (*Tree, *int) {
	tree, n := newTree(t), 0
	tree.nodes.Deny(func(int) bool { n++; return false })
	return tree, &n
}

// TestNodesGrowInFewSteps: a node that fills is seldom made anew, in whatever order.
// One of ten digits is made for two or three, then for all, and before that for two
// that are neighbours.
func TestNodesGrowInFewSteps(t *testing.T) {
	for _, c := range []struct {
		name     string
		lo, hi   int // bytes
		children int
		most     int
	}{
		{"ten digits", '0', '9', 10, 3},
		{"six of ten digits", '0', '9', 6, 3},
		{"letters", 'a', 'z', 26, 9},
		{"all bytes", 0, 255, 256, 18},
		{"half of all bytes", 0, 255, 128, 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			span := c.hi - c.lo + 1
			up, down := make([]int, span), make([]int, span)
			for i := range span {
				up[i], down[i] = i, span-1-i
			}
			orders := [][]int{up, down}
			for seed := range uint64(20) {
				orders = append(orders, rand.New(rand.NewPCG(seed, 1)).Perm(span))
			}
			for _, order := range orders {
				tree, made := counted(t)
				for _, i := range order[:c.children] {
					if _, err := tree.Put([]byte{byte(c.lo + i)}, 4); err != nil {
						t.Fatal(err)
					}
				}
				if *made > c.most {
					t.Errorf("a node of %d children was made %d times, want at most %d; from %d in the order %v", c.children, *made, c.most, c.lo, order)
				}
			}
		})
	}
}

// TestNodesDoNotFlap: wherever a node stands between two sizes, a child that comes and
// goes makes it anew once at the most.
func TestNodesDoNotFlap(t *testing.T) {
	for _, prefix := range []string{"", "id:", "12345678", "123456789", "123456789012"} {
		for _, term := range []bool{false, true} {
			for _, span := range []int{10, 26, 200} {
				order := rand.New(rand.NewPCG(uint64(span), 1)).Perm(span)
				ascending := slices.Clone(order)
				slices.Sort(ascending)
				for _, order := range [][]int{order, ascending} {
					f := flapper{t: t, prefix: prefix, order: order}
					f.tree, f.made = counted(t)
					if term {
						f.put([]byte(prefix))
					}
					f.run()
				}
			}
		}
	}
}

// flapper tries keys that come and go at a node that grows and shrinks.
type flapper struct {
	t      *testing.T
	tree   *Tree
	made   *int
	prefix string
	order  []int
}

func (f *flapper) key(i int) []byte { return append([]byte(f.prefix), byte('0'+f.order[i])) }

func (f *flapper) put(key []byte) {
	if _, err := f.tree.Put(key, 4); err != nil {
		f.t.Fatal(err)
	}
}

func (f *flapper) run() {
	f.put(f.key(0))
	f.put(f.key(1))
	for n := 2; n < len(f.order); n++ {
		f.flap(n)
		f.put(f.key(n))
	}
	for n := len(f.order) - 1; n >= 2; n-- {
		f.tree.Delete(f.key(n))
		f.flap(n)
	}
}

// flap lets one more child than n come and go.
func (f *flapper) flap(n int) {
	made, changes := *f.made, 0
	for range 5 {
		was := f.format()
		f.put(f.key(n))
		if !f.tree.Delete(f.key(n)) {
			f.t.Fatalf("no key %q", f.key(n))
		}
		if f.format() != was {
			changes++
		}
	}
	if *f.made > made+1 || changes > 1 {
		f.t.Errorf("prefix %q: a node of %d to %d of %d children was made %d times and had another format %d times",
			f.prefix, n, n+1, len(f.order), *f.made-made, changes)
	}
}

// format returns the first word of the node, without the bits that are the arena's
// and without the children of a sorted one.
func (f *flapper) format() node {
	n := nodeAt(f.tree.mem.At(f.tree.root)) &^ node(arena.Bits)
	if n.isRange() {
		return n
	}
	return n &^ (byteMask << nodeLoShift)
}

// TestNodesShrink: a node that has lost most of its children takes little more than
// one that never had them.
func TestNodesShrink(t *testing.T) {
	for _, left := range []int{2, 3, 5, 10, 40} {
		shrunk, small := newTree(t), newTree(t)
		order := rand.New(rand.NewPCG(uint64(left), 1)).Perm(256)
		for n, i := range order {
			key := []byte{byte(i)}
			if _, err := shrunk.Put(key, 4); err != nil {
				t.Fatal(err)
			}
			if n >= left {
				continue
			}
			if _, err := small.Put(key, 4); err != nil {
				t.Fatal(err)
			}
		}
		for _, i := range order[left:] {
			shrunk.Delete([]byte{byte(i)})
		}
		// A range node shrinks when a third of its slots are in use, a sorted one when half are.
		if got, want := shrunk.nodes.Live(), 3*small.nodes.Live(); got > want {
			t.Errorf("a node of %d children that had 256 takes %d bytes, want at most %d", left, got, want)
		}
	}
}
