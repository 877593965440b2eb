package radix

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// dump draws the tree: a line per node with its label, its sums and its record.
func (t *Tree) dump() string {
	var out strings.Builder
	var draw func(n *node, indent string)
	draw = func(n *node, indent string) {
		fmt.Fprintf(&out, "%s%q %d items %d bytes", indent, n.label, n.items, n.bytes)
		if n.rec != nil {
			fmt.Fprintf(&out, " [%q]", n.rec)
		}
		out.WriteByte('\n')
		for _, c := range n.children {
			draw(c, indent+"  ")
		}
	}
	draw(t.root, "")
	return out.String()
}

// TestGolden draws a small tree after each of a series of changes: the cases
// that the package documentation works by hand. Run with -update to write the
// drawings anew, and read them.
func TestGolden(t *testing.T) {
	t.Parallel()
	tree, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	step := func(name string, fn func()) {
		fn()
		if err := tree.Check(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fmt.Fprintf(&out, "%s\n%s\n", name, tree.dump())
	}
	put := func(keys ...string) func() {
		return func() {
			for _, key := range keys {
				rec, err := tree.Put([]byte(key), len(key))
				if err != nil {
					t.Fatal(err)
				}
				copy(rec, key)
			}
		}
	}
	step("empty", func() {})
	step("the tree of the documentation", put("app", "app:1", "app:17", "apt"))
	step("put app:2: a node splits", put("app:2"))
	step("put ap: a node without a record gets one", put("ap"))
	step("delete app:2: two nodes merge", func() { tree.Delete([]byte("app:2")) })
	step("delete app:1: a node goes, its child moves up", func() { tree.Delete([]byte("app:1")) })
	step("detach app: a family goes", func() { tree.Detach([]byte("app")) })
	step("put the empty key: the root has a record", put(""))
	step("put bytes of all kinds", put("\x00", "\x00\x00", "\xff", "apt\xff"))
	step("detach everything", func() { tree.Detach(nil) })

	name := filepath.Join("testdata", "tree.golden")
	if *update {
		if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("the tree is\n%s\nwant\n%s", out.Bytes(), want)
	}
}
