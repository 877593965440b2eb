package radix

import (
	"strings"
	"testing"
	"unsafe"
)

// TestCheckFinds breaks one invariant at a time: Check must say so.
func TestCheckFinds(t *testing.T) {
	t.Parallel()
	for want, breakIt := range map[string]func(tree *Tree){
		"the root has the label":       func(t *Tree) { t.root.label = []byte("x") },
		"says it has 9 items":          func(t *Tree) { t.root.items = 9 },
		"says it weighs 1 bytes":       func(t *Tree) { t.find([]byte("ap")).bytes = 1 },
		"has no record and 1":          func(t *Tree) { n := t.find([]byte("ap")); n.children = n.children[:1] },
		"child with an empty label":    func(t *Tree) { t.find([]byte("apt")).label = nil },
		"before":                       func(t *Tree) { c := t.find([]byte("ap")).children; c[0], c[1] = c[1], c[0] },
		"takes":                        func(t *Tree) { t.used++ },
		"is not aligned":               func(t *Tree) { n := t.find([]byte("apt")); n.rec = unaligned(len(n.rec)) },
		"detached: node \"y\" says it": func(t *Tree) { t.queue[0].items++ },
	} {
		tree, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"app", "app:1", "apt", "y"} {
			if _, err := tree.Put([]byte(key), 8); err != nil {
				t.Fatal(err)
			}
		}
		tree.Detach([]byte("y"))
		if err := tree.Check(); err != nil {
			t.Fatalf("before %q: %v", want, err)
		}
		breakIt(tree)
		if err := tree.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check: %v, want %q", err, want)
		}
	}
}

// unaligned returns a slice that begins at an odd address.
func unaligned(n int) []byte {
	b := make([]byte, n+1)
	if uintptr(unsafe.Pointer(&b[0]))%2 == 0 {
		return b[1:]
	}
	return b[:n]
}
