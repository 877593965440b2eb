package radix

import (
	"math/rand/v2"
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

// TestNodesDoNotFlap: wherever a node stands between two sizes, a key that comes and
// goes makes it anew once at the most.
func TestNodesDoNotFlap(t *testing.T) {
	for _, span := range []int{10, 26, 256} {
		tree, made := counted(t)
		order := rand.New(rand.NewPCG(uint64(span), 1)).Perm(span)
		key := func(i int) []byte { return []byte{byte('0' + order[i])} }
		// The format, without the bits that are the arena's and without the children.
		format := func() node {
			n := nodeAt(tree.mem.At(tree.root)) &^ node(arena.Bits)
			if n.isRange() {
				return n
			}
			return n &^ (byteMask << nodeLoShift)
		}
		flap := func(n, i int) {
			before, changes := *made, 0
			for range 5 {
				was := format()
				if _, err := tree.Put(key(i), 4); err != nil {
					t.Fatal(err)
				}
				if !tree.Delete(key(i)) {
					t.Fatalf("no key %q", key(i))
				}
				if format() != was {
					changes++
				}
			}
			if *made > before+1 || changes > 1 {
				t.Errorf("a node of %d to %d of %d children was made %d times", n, n+1, span, *made-before)
			}
		}
		put := func(i int) {
			if _, err := tree.Put(key(i), 4); err != nil {
				t.Fatal(err)
			}
		}
		put(0)
		put(1)
		for n := 2; n < span; n++ {
			flap(n, n)
			put(n)
		}
		for n := span - 1; n >= 2; n-- {
			tree.Delete(key(n))
			flap(n, n)
		}
	}
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
		// A node shrinks when a third of its slots are in use.
		if got, want := shrunk.nodes.Live(), 3*small.nodes.Live(); got > want {
			t.Errorf("a node of %d children that had 256 takes %d bytes, want at most %d", left, got, want)
		}
	}
}
