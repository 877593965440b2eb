package cache

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// keysOf returns what Keys shows.
func keysOf(t *testing.T, c *Cache, prefix string) []string {
	t.Helper()
	keys, err := c.Keys(prefix)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(keys)
}

func TestFamilyIsByBytes(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{})
	all := []string{"\x00", "a", "a\x00", "a\x00b", "aa", "ab", "b", "\xff", "\xff\xff"}
	for _, key := range slices.Backward(all) {
		set(t, c, key, "v", 0)
	}
	for prefix, want := range map[string][]string{
		"a": all[1:6], "a\x00": all[2:4], "ab": {"ab"}, "abc": nil, "\x00": all[:1], "\xff": all[7:], "c": nil, "a*": nil,
	} {
		if got := keysOf(t, c, prefix); !slices.Equal(got, want) {
			t.Errorf("Keys(%q) = %q, want %q", prefix, got, want)
		}
		if n, err := c.Count(prefix); n != int64(len(want)) || err != nil {
			t.Errorf("Count(%q) = %d, %v, want %d", prefix, n, err, len(want))
		}
	}
}

func TestMGetLimit(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{})
	set(t, c, "k:a", "A", 0)
	set(t, c, "k:b", "B", 0)
	if _, err := c.Inc("k:c"); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int]string{
		-7: "k:a=A k:b=B k:c=1 ", 0: "k:a=A k:b=B k:c=1 ", 1: "k:a=A ", 2: "k:a=A k:b=B ", 3: "k:a=A k:b=B k:c=1 ", 4: "k:a=A k:b=B k:c=1 ",
	} {
		pairs, err := c.MGet("k:", limit)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a sequence may be used again
			got := ""
			for k, v := range pairs {
				got += fmt.Sprintf("%s=%s ", k, v)
				if v.IsNumber() != (k == "k:c") {
					t.Errorf("%s is a number: %v", k, v.IsNumber())
				}
			}
			if got != want {
				t.Errorf("MGet of %d: %q, want %q", limit, got, want)
			}
		}
	}
}

// TestSequencesAreSnapshots: they may be stopped, and used while the cache
// changes or after it was closed.
func TestSequencesAreSnapshots(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{Compression: 100})
	held := func(i int) string { return strings.Repeat(fmt.Sprint(i), 1+i%2*200) } // every other one is compressed
	for i := range 6 {
		set(t, c, fmt.Sprint("k", i), held(i), 0)
	}
	pairs, err := c.MGet("k", 0)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := c.Keys("k")
	if err != nil {
		t.Fatal(err)
	}
	for k := range pairs {
		if _, err := c.Delete(k); err != nil { // from within: no deadlock
			t.Fatal(err)
		}
		if k == "k2" {
			break
		}
	}
	if n, err := c.MSet("k", []byte("x")); n != 3 || err != nil { // in place of "4"
		t.Errorf("MSet = %d, %v, want 3", n, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for k, v := range pairs {
		if k != fmt.Sprint("k", n) || v.String() != held(n) {
			t.Errorf("pair %d is %q, %.20q", n, k, v)
		}
		n++
	}
	if got := slices.Collect(keys); n != 6 || len(got) != 6 {
		t.Errorf("%d pairs, %d keys, want 6", n, len(got))
	}
	for range keys {
		break
	}
}

// TestLargeFamilies: more items than a command puts aside at a time, with and
// without a change of size, with a lock in between.
func TestLargeFamilies(t *testing.T) {
	t.Parallel()
	const items = 3*listLength + 7
	for _, cmd := range []struct {
		name string
		fn   func(c *Cache) (int64, error)
		n    int64
		val  string
	}{
		{"MSet", func(c *Cache) (int64, error) { return c.MSet("k", []byte("2")) }, items - 1, "2"},
		{"MSet of another size", func(c *Cache) (int64, error) { return c.MSet("k", []byte("text")) }, items - 1, "text"},
		{"MInc", func(c *Cache) (int64, error) { return c.MInc("k") }, items - 1, "2"},
		{"MTTL", func(c *Cache) (int64, error) { return c.MTTL("k", time.Second) }, items - 1, "1"},
		{"MLock", func(c *Cache) (int64, error) { return c.MLock("k", time.Second) }, items - 1, "1"},
		{"MUnlock", func(c *Cache) (int64, error) { return c.MUnlock("k") }, items, "1"},
		{"MDelete", func(c *Cache) (int64, error) { return c.MDelete("k") }, items - 1, ""},
	} {
		c, clock := withClock(t, Options{})
		for i := range items {
			set(t, c, fmt.Sprintf("k%d", i*7919%items), "1", 0)
		}
		if _, err := c.Lock("k5", Forever); err != nil {
			t.Fatal(err)
		}
		if n, err := cmd.fn(c); n != cmd.n || err != nil {
			t.Errorf("%s = %d, %v, want %d", cmd.name, n, err, cmd.n)
		}
		for i := range items {
			val := cmd.val
			if i == 5 {
				val = "1"
			}
			want(t, c, fmt.Sprintf("k%d", i), val)
		}
		left := int64(items)
		switch cmd.name {
		case "MTTL", "MDelete":
			left = 1
		}
		clock.advance(time.Second)
		if n, err := c.Count("k"); n != left || err != nil {
			t.Errorf("a second after %s: %d items, %v, want %d", cmd.name, n, err, left)
		}
	}
}

// TestMDeleteLeavesTheRest: also while the memory waits to be given back, and
// with new items under the same prefix.
func TestMDeleteLeavesTheRest(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{Compression: 10})
	val := strings.Repeat("v", 100)
	for i := range 1000 {
		set(t, c, fmt.Sprintf("a:%d", i), val, time.Duration(i%3)*time.Second)
		set(t, c, fmt.Sprintf("b:%d", i), val, 0)
	}
	b, err := c.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := b.MDelete([]byte("a:")); n != 1000 || err != nil {
		t.Errorf("MDelete = %d, %v, want 1000", n, err)
	}
	if _, err := b.MDelete([]byte("a:")); err != ErrNotFound {
		t.Errorf("MDelete again: %v, want %v", err, ErrNotFound)
	}
	// The timers of the deleted items still exist; they must not ring for
	// these, which have the same keys.
	for i := range 1000 {
		if err := b.Set(5, []byte(fmt.Sprintf("a:%d", i)), []byte("new")); err != nil {
			t.Fatal(err)
		}
	}
	b.now.ms += 2000
	if n := b.Count([]byte("a:")); n != 1000 {
		t.Errorf("%d of the new items are left, want 1000", n)
	}
	b.End()
	clock.advance(2 * time.Second)
	for more := true; more; {
		do(t, c, func(*Batch) { more = c.detached })
	}
	if n, err := c.Count("b:"); n != 1000 || err != nil {
		t.Errorf("Count of the others = %d, %v, want 1000", n, err)
	}
	s, err := c.Stats()
	if err != nil || s.CompressedItems != 1000 || s.Items != 2000 {
		t.Errorf("%d items, %d compressed, %v, want 2000, 1000", s.Items, s.CompressedItems, err)
	}
}
