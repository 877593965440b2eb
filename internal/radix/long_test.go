package radix

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gogibson/gibson/internal/arena"
)

// Keys of the greatest length share as much as they can. Anything that costs
// the square of a key's length does not end here.
func TestLongestKeys(t *testing.T) {
	tree := newTree(t)
	long := bytes.Repeat([]byte("x"), MaxKey)
	put := func(key []byte, rec string) {
		t.Helper()
		b, err := tree.Put(key, len(rec))
		if err != nil {
			t.Fatal(err)
		}
		copy(b, rec)
	}
	put(long, "whole")
	put(long[:MaxKey-1], "all but one")
	put(long[:MaxKey/2], "half")
	other := bytes.Clone(long)
	other[MaxKey-1] = 'y'
	put(other, "other end")
	if err := tree.Check(); err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 200; n++ {
		put(long[:n*1000], fmt.Sprint(n))
	}
	if got := tree.Count(long[:MaxKey-1]); got != 3 {
		t.Errorf("Count of all but the last byte = %d, want 3", got)
	}
	if got := string(tree.Find(other)); got != "other end" {
		t.Errorf("Find = %q", got)
	}
	n := 0
	tree.Walk(long[:1], long[:MaxKey/2], func(key, _ []byte) bool { n++; return true })
	if n != 4 {
		t.Errorf("Walk showed %d keys, want 4", n)
	}
	if key, _ := nth(tree, tree.Len()-1, nil); !bytes.Equal(key, other) {
		t.Errorf("the last key has %d bytes", len(key))
	}
	for n := 1; n < 200; n += 2 {
		if !tree.Delete(long[:n*1000]) {
			t.Fatalf("Delete of %d bytes found nothing", n*1000)
		}
	}
	if !tree.Delete(other) || !tree.Delete(long[:MaxKey-1]) {
		t.Error("Delete found nothing")
	}
	if err := tree.Check(); err != nil {
		t.Fatal(err)
	}
	if got := tree.Detach(long[:1]); got != 101 {
		t.Errorf("Detach = %d, want 101", got)
	}
	for tree.Reclaim(1000, nil) {
	}
	if used := tree.Memory().Used; used != 0 {
		t.Errorf("the tree is empty and takes %d bytes", used)
	}
}

// A tree as deep as its keys are long.
func TestDeepTree(t *testing.T) {
	const depth = 3000
	tree := newTree(t)
	key := bytes.Repeat([]byte("a"), depth)
	for n := 1; n <= depth; n++ {
		if _, err := tree.Put(key[:n], 8); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	tree.Walk(nil, nil, func(k, _ []byte) bool {
		n++
		if len(k) != n {
			t.Fatalf("the %d-th key has %d bytes", n, len(k))
		}
		return true
	})
	if n != depth || tree.Count(key[:depth/2]) != depth/2+1 {
		t.Errorf("Walk showed %d keys; Count(half) = %d", n, tree.Count(key[:depth/2]))
	}
	if err := tree.Check(); err != nil {
		t.Fatal(err)
	}
	tree.Detach(key[:2])
	for tree.Reclaim(100, nil) {
	}
	if tree.Len() != 1 {
		t.Errorf("%d keys are left, want 1", tree.Len())
	}
	if err := tree.Check(); err != nil {
		t.Fatal(err)
	}
}

// A large record beside small ones, and one that grows and shrinks.
func TestLargeRecords(t *testing.T) {
	tree := newTree(t)
	key := []byte("large")
	for i, size := range []int{1, 1 << 20, 40 << 20, 1 << 17, 1<<17 - 1, 20 << 20, 3, 0, 5 << 20} {
		rec, err := tree.Put(key, size)
		if err != nil || len(rec) != size {
			t.Fatalf("Put of %d bytes: %d, %v", size, len(rec), err)
		}
		if size > 0 {
			rec[0], rec[size-1] = byte(i), byte(i)
		}
		if _, err := tree.Put([]byte{'l', byte(i)}, 10); err != nil {
			t.Fatal(err)
		}
		if rec := tree.Find(key); len(rec) != size || size > 0 && (rec[0] != byte(i) || rec[size-1] != byte(i)) {
			t.Fatalf("Find returned %d bytes, want %d", len(rec), size)
		}
		if err := tree.Check(); err != nil {
			t.Fatal(err)
		}
	}
	tree.Delete(key)
	if m := tree.Memory(); arena.GivesBack && m.Held > 8<<20 {
		t.Errorf("%d bytes are held after the large record went: %+v", m.Held, m)
	}
}

// Keys that come and go, each seen once, leave nothing behind.
func TestMovingWindow(t *testing.T) {
	const window, moves = 5000 / slow, 100_000 / slow
	tree := newTree(t)
	key := func(i int) []byte { return fmt.Appendf(nil, "session:%x:%d", uint32(i)*2654435761, i) }
	var early Memory
	for i := range moves {
		if _, err := tree.Put(key(i), 20+i%90); err != nil {
			t.Fatal(err)
		}
		if i >= window && !tree.Delete(key(i-window)) {
			t.Fatalf("key %d is gone", i-window)
		}
		if i == 4*window {
			early = tree.Memory()
		}
	}
	late := tree.Memory()
	t.Logf("after %d keys %+v, after %d keys %+v", 4*window, early, moves, late)
	if late.Span > early.Span+early.Span/10 {
		t.Errorf("the span grew from %d to %d", early.Span, late.Span)
	}
	if err := tree.Check(); err != nil {
		t.Fatal(err)
	}
	if tree.loose != 0 {
		t.Errorf("%d nodes were left that could go", tree.loose)
	}
}
