package radix

import (
	"bytes"
	"testing"
)

// TestReclaimIsBounded: a step goes down one node, however deep a family is.
func TestReclaimIsBounded(t *testing.T) {
	tree := newTree(t)
	long := bytes.Repeat([]byte("k"), 1<<20)
	for _, last := range []byte("ab") {
		if _, err := tree.Put(append(long[:len(long):len(long)], last), 8); err != nil {
			t.Fatal(err)
		}
	}
	nodes := tree.nodes.Stats().Blocks
	if nodes < 4000 || tree.Detach([]byte("k")) != 2 {
		t.Fatalf("%d nodes and %d items left, want a long chain that is detached", nodes, tree.Len())
	}
	steps := 1
	for tree.Reclaim(1, nil) {
		steps++
	}
	// The root of the family needs no way to it.
	if want := nodes - 1 + nodes + 2; steps != want {
		t.Errorf("%d nodes and two leaves were given back in %d steps, want %d", nodes, steps, want)
	}
}
