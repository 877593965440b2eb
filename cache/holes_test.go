package cache

import (
	"fmt"
	"testing"
)

// holed fills c with n small items and removes all but every keep-th, so that
// the system has given far more than is used.
func holed(t *testing.T, c *Cache, n, keep int) {
	t.Helper()
	for i := range n {
		if err := c.Set(fmt.Sprintf("holes:%06d", i), []byte("a value of a hundred bytes or so, as small as a value can be that anyone would wish to have in a cache"), 0); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		if i%keep == 0 {
			continue
		}
		if ok, err := c.Delete(fmt.Sprintf("holes:%06d", i)); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
}

// TestHolesDoNotEvict: a cache that is far from full keeps its items although
// the system has given it more than the limit, which was lowered.
func TestHolesDoNotEvict(t *testing.T) {
	t.Parallel()
	if !OffHeap {
		t.Skip("memory does not go back")
	}
	const items, keep, least = 250_000, 200, 16 << 20
	for _, policy := range []Eviction{EvictLFU, EvictLRU} {
		c, _ := withClock(t, Options{MaxMemory: 48 << 20, Eviction: policy})
		holed(t, c, items, keep)
		before := stats(t, c)
		if err := c.SetMaxMemory(least); err != nil {
			t.Fatal(err)
		}
		if before.MemoryUsed > least/4 || before.MemoryHeld < least+2*heldSlack {
			t.Fatalf("%v: %d bytes used, %d held: not what this test is about", policy, before.MemoryUsed, before.MemoryHeld)
		}
		for i := range 5000 {
			if err := c.Set(fmt.Sprintf("new:%04d", i), []byte("v"), 0); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.MSet("new:", []byte("another value")); err != nil {
			t.Fatal(err)
		}
		after := stats(t, c)
		if after.EvictedItems > 0 || after.Items != before.Items+5000 {
			t.Errorf("%v: %d of %d items were evicted from a cache with %d of %d bytes used", policy, after.EvictedItems, after.Items, after.MemoryUsed, least)
		}
	}
}

// TestHolesGoBack: what many single deletions leave goes back to the system by
// itself, soon and without another command.
func TestHolesGoBack(t *testing.T) {
	t.Parallel()
	if !OffHeap {
		t.Skip("memory does not go back")
	}
	c := open(t, Options{MaxMemory: 1 << 30})
	holed(t, c, 150_000, 20)
	before := stats(t, c)
	eventually(t, "memory back at the system", func() bool { return stats(t, c).MemoryHeld < before.MemoryHeld/2 })
}

// TestHolesOfLocksGoBack is the same for locks.
func TestHolesOfLocksGoBack(t *testing.T) {
	t.Parallel()
	if !OffHeap {
		t.Skip("memory does not go back")
	}
	const n = 200_000
	c := open(t, Options{MaxMemory: 1 << 30})
	for i := range n {
		key := fmt.Sprintf("a:rather:long:key:so:that:its:lock:takes:memory:%06d", i)
		if err := c.Set(key, []byte("v"), 0); err != nil {
			t.Fatal(err)
		}
		if ok, err := c.Lock(key, Forever); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	held := func() int64 {
		b, err := c.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer b.End()
		return c.locks.Memory().Held
	}
	before := held()
	for i := range n {
		if i%20 != 0 {
			if ok, err := c.Unlock(fmt.Sprintf("a:rather:long:key:so:that:its:lock:takes:memory:%06d", i)); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
	}
	eventually(t, "memory of locks back at the system", func() bool { return held() < before/2 })
}
