package radix

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestDeepTree: keys that each extend the one before make a tree as deep as
// the longest of them, which must not use the goroutine's stack.
func TestDeepTree(t *testing.T) {
	t.Parallel()
	tree, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	const depth = 2000
	key := bytes.Repeat([]byte("k"), depth)
	for i := range depth {
		if _, err := tree.Put(key[:i+1], 1); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	tree.Walk(nil, nil, func(k, _ []byte) bool {
		n++
		return len(k) == n
	})
	if n != depth || tree.Count(key[:100]) != depth-99 {
		t.Errorf("Walk shows %d keys, Count %d, want %d, %d", n, tree.Count(key[:100]), depth, depth-99)
	}
	if err := tree.Check(); err != nil {
		t.Fatal(err)
	}
	if got := tree.Detach(key[:1]); got != depth {
		t.Errorf("Detach = %d, want %d", got, depth)
	}
	steps := 0
	for tree.Reclaim(10, nil) {
		steps++
	}
	if steps < depth/10-1 {
		t.Errorf("%d nodes were freed in %d steps of 10", depth, steps)
	}
}

// TestLongKeys: keys of a megabyte that differ in their last byte.
func TestLongKeys(t *testing.T) {
	t.Parallel()
	tree, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	key := bytes.Repeat([]byte("long"), 1<<18)
	for i := range 10 {
		key[len(key)-1] = byte(i)
		if _, err := tree.Put(key, i); err != nil {
			t.Fatal(err)
		}
	}
	if got := tree.Count(key[:len(key)-1]); got != 10 {
		t.Errorf("Count = %d, want 10", got)
	}
	if m := tree.Memory(); m.Used > 2<<20 || m.Payload < 10<<20 {
		t.Errorf("ten keys of a megabyte with one prefix take %+v", m)
	}
}

// TestReadsDoNotAllocate: nor does a Put that keeps the record's size.
func TestReadsDoNotAllocate(t *testing.T) {
	tree, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if _, err := tree.Put(fmt.Appendf(nil, "key:%d", i), 8); err != nil {
			t.Fatal(err)
		}
	}
	key, buf := []byte("key:500"), make([]byte, 0, 64)
	for name, fn := range map[string]func(){
		"Find":  func() { tree.Find(key) },
		"Count": func() { tree.Count(key[:4]) },
		"Weigh": func() { tree.Weigh(key[:5]) },
		"Put":   func() { _, _ = tree.Put(key, 8) },
		"Nth":   func() { tree.Nth(700, buf[:0]) },
	} {
		if n := testing.AllocsPerRun(100, fn); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

// benchTree returns a tree of n records of 100 bytes and their keys in random
// order.
func benchTree(b *testing.B, n int) (*Tree, [][]byte) {
	b.Helper()
	tree, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	keys := make([][]byte, n)
	for i, j := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		keys[i] = fmt.Appendf(nil, "app:user:%08d:profile", j)
		if _, err := tree.Put(keys[i], 100); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	return tree, keys
}

const benchItems = 200_000

func BenchmarkFind(b *testing.B) {
	tree, keys := benchTree(b, benchItems)
	for i := 0; b.Loop(); i++ {
		if tree.Find(keys[i%benchItems]) == nil {
			b.Fatal("missing")
		}
	}
}

func BenchmarkPutDelete(b *testing.B) {
	tree, keys := benchTree(b, benchItems)
	for i := 0; b.Loop(); i++ {
		key := keys[i%benchItems]
		tree.Delete(key)
		if _, err := tree.Put(key, 100); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCount(b *testing.B) {
	tree, keys := benchTree(b, benchItems)
	for i := 0; b.Loop(); i++ {
		tree.Count(keys[i%benchItems][:13])
	}
}

func BenchmarkWalk(b *testing.B) {
	tree, _ := benchTree(b, benchItems)
	for b.Loop() {
		n := 0
		tree.Walk([]byte("app:user:0001"), nil, func(_, _ []byte) bool { n++; return true })
		if n != 10000 {
			b.Fatal(n)
		}
	}
}

func BenchmarkNth(b *testing.B) {
	tree, _ := benchTree(b, benchItems)
	buf := make([]byte, 0, 64)
	for i := 0; b.Loop(); i++ {
		tree.Nth(i*7919%benchItems, buf)
	}
}
