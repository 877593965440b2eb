package radix

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// numbered returns a tree of n keys, so many that an Approach stops on the way, and the
// key of one of them.
func numbered(t *testing.T, n int) (*Tree, []byte) {
	t.Helper()
	tree := newTree(t)
	for i := range n {
		rec, err := tree.Put(fmt.Appendf(nil, "key:%05d", i), 1)
		if err != nil {
			t.Fatal(err)
		}
		rec[0] = byte(i)
	}
	return tree, []byte("key:00123")
}

// ways are keys whose ways in a tree of numbered end differently.
var ways = []string{"key:00123", "key:00000", "key:00123 and more", "key:0012", "key:99999", "key:0000x", "key:00", "key:00x", "key:0099x", "key:00002", "key:", "key", "key:x", "k", "", "other", "key:001"}

// TestSeekGoesOnFromAnApproach: it does not begin at the root again, and finds what it
// would have found, with all that a change needs.
func TestSeekGoesOnFromAnApproach(t *testing.T) {
	for _, n := range []int{0, 1, 2, 10, 1000, 10_000} {
		tree, _ := numbered(t, n)
		if n >= 1000 { // smaller trees keep a root with the prefix key:0000, where a way may end, too
			if _, err := tree.Put([]byte("key"), 2); err != nil { // a key that ends at a node
				t.Fatal(err)
			}
		}
		for _, key := range ways {
			k := []byte(key)
			found := string(tree.Seek(k))
			want, nodes := fmt.Sprint(tree.at), len(tree.at.path)
			tree.Approach(k)
			if n >= 1000 && key == "key:00123" && (len(tree.at.path) != nodes-1 || tree.isLeaf(tree.at.h)) {
				t.Errorf("%d keys: an Approach to %q stops behind %d nodes of %d, want all but one", n, key, len(tree.at.path), nodes)
			}
			root := tree.root
			if len(tree.at.path) > 0 {
				tree.root = 0 // so that whoever begins there finds nothing
			}
			got := string(tree.Seek(k))
			tree.root = root
			if at := fmt.Sprint(tree.at); got != found || at != want {
				t.Errorf("%d keys: Seek(%q) after Approach = %q at %s, want %q at %s", n, key, got, at, found, want)
			}
		}
	}
}

// TestApproachIsNoSeek: nothing can be stored or removed after it, wherever it stopped.
func TestApproachIsNoSeek(t *testing.T) {
	for _, n := range []int{0, 1, 2, 10, 1000} {
		tree, _ := numbered(t, n)
		for _, key := range ways {
			tree.Seek([]byte("key:00000"))
			tree.Approach([]byte(key))
			if tree.Remove() {
				t.Errorf("%d keys: Remove after Approach(%q) removed something", n, key)
			}
			tree.Seek([]byte("new"))
			tree.Approach([]byte(key))
			if _, err := tree.Store(1); !errors.Is(err, ErrNoSeek) {
				t.Errorf("%d keys: Store after Approach(%q): %v, want %v", n, key, err, ErrNoSeek)
			}
		}
		if tree.Len() != n {
			t.Errorf("%d keys became %d", n, tree.Len())
		}
	}
}

// TestChangesEndThePlace: of a Seek or an Approach, since its nodes may be gone then.
func TestChangesEndThePlace(t *testing.T) {
	for name, change := range map[string]func(*Tree, []byte){
		"Store":  func(tree *Tree, key []byte) { tree.Seek(key); _, _ = tree.Store(5) },
		"Remove": func(tree *Tree, key []byte) { tree.Seek(key); tree.Remove() },
		"Detach": func(tree *Tree, _ []byte) { tree.Detach([]byte("key:0013")) },
		"PutRun": func(tree *Tree, _ []byte) {
			_, _ = tree.PutRun([]byte("new"), nil, slices.Values([][]byte{[]byte("new 1"), []byte("new 2")}))
		},
		"PutRun of nothing": func(tree *Tree, _ []byte) {
			_, _ = tree.PutRun([]byte("new"), nil, slices.Values([][]byte(nil)))
		},
		"Defrag": func(tree *Tree, _ []byte) { tree.defrag.active = true; tree.Defrag(1) },
		"Forget": func(tree *Tree, _ []byte) { tree.Forget() },
		"a Store for which there is no memory": func(tree *Tree, key []byte) {
			for _, r := range tree.regions() {
				r.Deny(func(int) bool { return true })
			}
			tree.Seek(key)
			_, _ = tree.Store(500)
		},
	} {
		tree, key := numbered(t, 1000)
		tree.Approach(key)
		change(tree, key)
		if tree.at.end != nowhere || tree.at.key != nil {
			t.Errorf("%s leaves the place %d, %q", name, tree.at.end, tree.at.key)
		}
	}
}

// TestApproachIsToASlice: a Seek for other bytes does not go on from it, not even if
// they take the place of the key after Forget.
func TestApproachIsToASlice(t *testing.T) {
	tree, key := numbered(t, 1000)
	tree.Approach(key)
	if rec := tree.Seek([]byte("key:00999")); len(rec) != 1 || rec[0] != 999&0xff {
		t.Errorf("Seek for another key after Approach = %d", rec)
	}
	tree.Approach(key)
	if rec := tree.Seek(key[:4]); rec != nil {
		t.Errorf("Seek for a shorter slice after Approach = %d", rec)
	}
	tree.Approach(key)
	tree.Forget()
	copy(key, "key:00999")
	if rec := tree.Seek(key); len(rec) != 1 || rec[0] != 999&0xff {
		t.Errorf("Seek after Forget = %d", rec)
	}
}

// TestPrefetchTakesAnyAddress: what it points at need not be memory.
func TestPrefetchTakesAnyAddress(*testing.T) { prefetch(nil) }
