package radix

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
)

// FuzzTree reads its input as a list of operations and runs them on a tree and
// on a map: whatever the keys, both must agree, and every invariant must hold.
//
// An operation is a byte, its low three bits the kind and the others the length
// of the key, and then the key. Bit 7 repeats the key, which makes long ones.
func FuzzTree(f *testing.F) {
	f.Add([]byte("\x18app\x28app:1\x30app:17\x18apt\x19app\x12ap"))
	f.Add([]byte("\x08a\x10aa\x18aaa\x20aaaa\x0aa\x0ba\x0ca"))
	f.Add([]byte("\x00\x08\x00\x10\x00\x00\x10\xff\xff\x01\x02\x03\x04\x05\x06"))
	f.Add([]byte("\x88a\x90ab\x98abc\x8aa\x93ab"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		tree, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		want := map[string]string{}
		owed := 0
		for len(ops) > 0 {
			op := ops[0]
			n := min(int(op>>3&0xf), len(ops)-1)
			key := ops[1 : 1+n]
			ops = ops[1+n:]
			if op&0x80 != 0 {
				key = bytes.Repeat(key, 40)
			}
			owed += apply(t, tree, want, op&7, key)
			if err := tree.Check(); err != nil {
				t.Fatal(err)
			}
		}
		compare(t, tree, want, nil, nil)
		for tree.Reclaim(3, func([]byte) { owed-- }) {
		}
		if owed != 0 {
			t.Fatalf("Reclaim has not shown %d records", owed)
		}
		if err := tree.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

// apply runs one operation and returns by how many records the debt of Reclaim
// grew.
func apply(t *testing.T, tree *Tree, want map[string]string, op byte, key []byte) (owed int) {
	k := string(key)
	switch op {
	default: // 0, 6, 7: most of what happens
		val := strings.Repeat("v", (len(k)*7+int(op))%30)
		rec, err := tree.Put(key, len(val))
		if err != nil {
			t.Fatal(err)
		}
		copy(rec, val)
		want[k] = val
	case 1:
		_, had := want[k]
		if got := tree.Delete(key); got != had {
			t.Fatalf("Delete(%q) = %v, want %v", key, got, had)
		}
		delete(want, k)
	case 2:
		n := len(want)
		maps.DeleteFunc(want, func(k, _ string) bool { return strings.HasPrefix(k, string(key)) })
		if got := tree.Detach(key); got != n-len(want) {
			t.Fatalf("Detach(%q) = %d, want %d", key, got, n-len(want))
		}
		return n - len(want)
	case 3:
		tree.Reclaim(len(key), func([]byte) { owed-- })
		return owed
	case 4:
		compare(t, tree, want, key, nil)
	case 5:
		half := len(key) / 2
		compare(t, tree, want, key[:half], key)
	}
	return 0
}

// compare checks what the tree says about the family of prefix.
func compare(t *testing.T, tree *Tree, want map[string]string, prefix, from []byte) {
	t.Helper()
	var keys, rest []string
	weight := int64(0)
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if strings.HasPrefix(k, string(prefix)) {
			keys = append(keys, k)
			weight += int64(len(k) + len(want[k]))
			if k >= string(from) {
				rest = append(rest, k)
			}
		}
	}
	if n, w := tree.Weigh(prefix); n != len(keys) || w != weight || tree.Count(prefix) != n {
		t.Fatalf("Weigh(%q) = %d, %d, Count %d, want %d, %d", prefix, n, w, tree.Count(prefix), len(keys), weight)
	}
	i := 0
	tree.Walk(prefix, from, func(key, rec []byte) bool {
		if i == len(rest) || string(key) != rest[i] || string(rec) != want[rest[i]] {
			t.Fatalf("Walk(%q, %q) shows %q=%q at %d, want %q", prefix, from, key, rec, i, rest)
		}
		if got := tree.Find(key); !bytes.Equal(got, rec) || got == nil {
			t.Fatalf("Find(%q) = %q, want %q", key, got, rec)
		}
		i++
		return true
	})
	if i != len(rest) {
		t.Fatalf("Walk(%q, %q) shows %d keys, want %q", prefix, from, i, rest)
	}
}
