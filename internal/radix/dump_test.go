package radix

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden dumps anew")

// dump draws the tree below h, a line for each node and leaf, with what its
// format leaves to choose.
func (t *Tree) dump(b *strings.Builder, h handle, indent, label string) {
	p := t.mem.At(h)
	if t.isLeaf(h) {
		l := leafAt(p)
		form := ""
		if l.wide() {
			form = ", wide"
		}
		fmt.Fprintf(b, "%s%s leaf %s, record %d%s\n", indent, label, abbreviate(l.suffixOf(p)), l.recLen, form)
		return
	}
	n := nodeAt(p)
	items, weight := t.weigh(h, 0)
	form := fmt.Sprintf("sorted %d of %d", n.sorted(), n.slots())
	if n.isRange() {
		form = fmt.Sprintf("range %q to %q, %d", byte(n.lo()), byte(n.lo()+n.slots()-1), n.count(p))
	}
	fmt.Fprintf(b, "%s%s node %s: %s; %d bytes; items %d, weight %d\n",
		indent, label, abbreviate(n.prefixOf(p)), form, n.size(), items, weight)
	indent += "  "
	if n.hasTerm() {
		t.dump(b, *slotAt(p, n.term()), indent, "end")
	}
	for i := 0; ; i++ {
		var child handle
		if i, child = n.child(p, i); child == 0 {
			return
		}
		t.dump(b, child, indent, fmt.Sprintf("%q", n.keyAt(p, n.children()+4*i)))
	}
}

// abbreviate quotes bytes, long runs of them only in part.
func abbreviate(b []byte) string {
	if len(b) > 24 {
		return fmt.Sprintf("%q...(%d)", b[:10], len(b))
	}
	return fmt.Sprintf("%q", b)
}

// Each case is a script of puts (+key), deletes (-key), record sizes (=n) and
// detaches (^prefix); the golden file shows the tree after each line.
func TestGolden(t *testing.T) {
	cases := map[string][]string{
		"worked-example": {"+app:user:1 +app:user:2", "+app:user", "+apple", "-app:user:2", "-app:user", "-apple"},
		"digits":         {"+k0 +k1", "+k2 +k3 +k4 +k5 +k6 +k7 +k8 +k9", "-k0 -k9", "-k1 -k2 -k3 -k4 -k5", "-k8"},
		"growth":         {"+5 +2", "+8", "+1", "-1 -8", "-5"},
		"downwards":      {"+z +y +x +w", "+v", "+", "+u", "-"},
		"sparse":         {"+a +m +z +A +M +Z", "+b +c +d +e +f +g +h +i +j +k +l", "+\x00 +\xff", "-a -m -z -A -M -Z -b -c -d -e -f"},
		"prefixes":       {"+a +aa +aaa +aaaa", "-aa", "-aaaa", "-a", "-aaa"},
		"long-prefix":    {"+" + strings.Repeat("x", 600) + "1 +" + strings.Repeat("x", 600) + "2", "+" + strings.Repeat("x", 300), "-" + strings.Repeat("x", 300), "-" + strings.Repeat("x", 600) + "2"},
		"wide-leaf":      {"+" + strings.Repeat("x", 512), "=200000 +y", "+" + strings.Repeat("x", 20) + "y"},
		"detach":         {"+a:1 +a:2 +b:1 +b:2 +b:22 +c", "^b:2", "^b", "^a:1", "^"},
	}
	for name, script := range cases {
		t.Run(name, func(t *testing.T) {
			tree := newTree(t)
			var b strings.Builder
			size := 4
			for _, line := range script {
				fmt.Fprintf(&b, "# %s\n", abbreviate([]byte(line)))
				for op := range strings.FieldsSeq(line) {
					size = apply(t, tree, op, size)
				}
				if tree.root != 0 {
					tree.dump(&b, tree.root, "", "root")
				}
				if err := tree.Check(); err != nil {
					t.Fatalf("after %q: %v", line, err)
				}
			}
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("got\n%swant\n%s", &b, want)
			}
		})
	}
}

func apply(t *testing.T, tree *Tree, op string, size int) int {
	t.Helper()
	key := []byte(op[1:])
	switch op[0] {
	case '+':
		if _, err := tree.Put(key, size); err != nil {
			t.Fatal(err)
		}
	case '-':
		if !tree.Delete(key) {
			t.Fatalf("no key %q", key)
		}
	case '^':
		tree.Detach(key)
	case '=':
		if _, err := fmt.Sscan(op[1:], &size); err != nil {
			t.Fatal(err)
		}
	}
	return size
}
