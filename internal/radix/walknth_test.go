package radix

import (
	"fmt"
	"testing"
)

// nth appends the key at position i to buf and returns it with its record; nothing
// if there is none.
func nth(t *Tree, i int, buf []byte) (key, rec []byte) {
	t.WalkNth(i, func(k, r []byte) bool {
		key, rec = append(buf, k...), r
		return false
	})
	return key, rec
}

// A walk from position i is the rest of the walk from the start.
func TestWalkNth(t *testing.T) {
	tree := newTree(t)
	tree.WalkNth(0, func(key, _ []byte) bool {
		t.Errorf("an empty tree has %q", key)
		return true
	})
	for i := range 700 {
		for _, key := range []string{fmt.Sprintf("k:%d", i), fmt.Sprintf("k:%d:%d", i%7, i*i), fmt.Sprint("other", i)} {
			rec, err := tree.Put([]byte(key), 4)
			if err != nil {
				t.Fatal(err)
			}
			copy(rec, key)
		}
	}
	var all []string
	tree.Walk(nil, nil, func(key, rec []byte) bool {
		all = append(all, string(key)+string(rec))
		return true
	})
	for i := range all {
		want := all[i:min(i+5, len(all))]
		var got []string
		tree.WalkNth(i, func(key, rec []byte) bool {
			got = append(got, string(key)+string(rec))
			return len(got) < 5
		})
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("from %d: %q, want %q", i, got, want)
		}
	}
	for _, i := range []int{-1, len(all)} {
		tree.WalkNth(i, func(key, _ []byte) bool {
			t.Errorf("position %d has %q", i, key)
			return true
		})
	}
}
