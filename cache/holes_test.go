package cache

import (
	"errors"
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

// TestHolesAtTheLimit: without eviction, too, the system gives no more than the
// limit: what does not fit because of holes is refused until they are closed.
func TestHolesAtTheLimit(t *testing.T) {
	t.Parallel()
	if !OffHeap {
		t.Skip("memory does not go back")
	}
	const limit = 32 << 20
	for _, policy := range []Eviction{EvictNone, EvictGCRatio} {
		c, _ := withClock(t, Options{MaxMemory: limit, Eviction: policy, Compression: -1})
		holed(t, c, 180_000, 4)
		most, stored := int64(0), 0
		value := make([]byte, 20_000) // which fits no hole
		for i := range 2000 {
			switch err := c.Set(fmt.Sprintf("large:%04d", i), value, 0); {
			case err == nil:
				stored++
			case !errors.Is(err, ErrMemoryLimit):
				t.Fatal(err)
			}
			most = max(most, stats(t, c).MemoryHeld)
		}
		if most > limit+2*heldSlack {
			t.Errorf("%v: the system gave %d bytes at a limit of %d", policy, most, limit)
		}
		if want := limit / 2 / len(value); stored < want {
			t.Errorf("%v: %d values were stored, want %d or more", policy, stored, want)
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
