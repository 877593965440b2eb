package radix

import (
	"errors"
	"fmt"
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

// TestSeekGoesOnFromAnApproach: it does not begin at the root again, and finds what it
// would have found.
func TestSeekGoesOnFromAnApproach(t *testing.T) {
	for _, n := range []int{0, 1, 2, 10, 1000, 10_000} {
		tree, _ := numbered(t, n)
		for _, key := range []string{"key:00123", "key:00000", "key:00123 and more", "key:0012", "key:", "key:x", "k", "", "other"} {
			k := []byte(key)
			want := string(tree.Seek(k))
			end, pos, path := tree.at.end, tree.at.pos, fmt.Sprint(tree.at.path)
			tree.Approach(k)
			if n >= 1000 && key == "key:00123" && (tree.at.end != halfway || len(tree.at.path) == 0) {
				t.Errorf("%d keys: an Approach to %q stops after %d nodes, as %d", n, key, len(tree.at.path), tree.at.end)
			}
			got := string(tree.Seek(k))
			if got != want || tree.at.end != end || tree.at.pos != pos || fmt.Sprint(tree.at.path) != path {
				t.Errorf("%d keys: Seek(%q) after Approach = %q, at %d, %d, %v; want %q, %d, %d, %s", n, key, got, tree.at.pos, tree.at.end, tree.at.path, want, pos, end, path)
			}
		}
	}
}

// TestApproachReadsNoLeaf: it only asks for it, if it stands so high that no node is
// left for that.
func TestApproachReadsNoLeaf(t *testing.T) {
	tree, _ := numbered(t, 1000)
	leaf := []byte("another key")
	if _, err := tree.Put(leaf, 1); err != nil {
		t.Fatal(err)
	}
	tree.Approach(leaf)
	if tree.at.end != halfway || !tree.isLeaf(tree.at.h) {
		t.Errorf("an Approach to a leaf below the root ends as %d, at a leaf: %t", tree.at.end, tree.isLeaf(tree.at.h))
	}
}

// TestApproachIsNoSeek: nothing can be stored or removed after it, and a change ends it.
func TestApproachIsNoSeek(t *testing.T) {
	tree, key := numbered(t, 1000)
	tree.Approach(key)
	if tree.Remove() {
		t.Error("Remove after Approach removed something")
	}
	tree.Approach(key)
	if _, err := tree.Store(1); !errors.Is(err, ErrNoSeek) {
		t.Errorf("Store after Approach: %v, want %v", err, ErrNoSeek)
	}
	for name, change := range map[string]func(){
		"Put":    func() { _, _ = tree.Put([]byte("key:00123456"), 1) },
		"Delete": func() { tree.Delete([]byte("key:00124")) },
		"Detach": func() { tree.Detach([]byte("key:0013")) },
		"Forget": func() { tree.Forget() },
	} {
		tree.Approach(key)
		change()
		if tree.at.end == halfway {
			t.Errorf("%s does not end an Approach", name)
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
