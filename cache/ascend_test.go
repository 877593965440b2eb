package cache

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestAscend(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{Compression: 100})
	var keys []string
	for i := range 3 * ascendItems {
		key := fmt.Sprintf("k:%05d", i)
		set(t, c, key, fmt.Sprint("value ", i), 0)
		keys = append(keys, key)
	}
	long := string(bytes.Repeat([]byte("long "), ascendBytes))
	for _, key := range []string{"k", "k:", "l", "k:00100:x"} {
		set(t, c, key, long, 0)
		keys = append(keys, key)
	}
	set(t, c, "k:over", "v", time.Second)
	clock.advance(time.Second)
	if _, err := c.Inc("number"); err != nil {
		t.Fatal(err)
	}
	keys = append(keys, "number")
	slices.Sort(keys)
	for _, tc := range []struct {
		prefix, after string
		want          func(key string) bool
	}{
		{"", "", func(string) bool { return true }},
		{"k:", "", func(k string) bool { return k >= "k:" && k < "l" }},
		{"k:", "k:00100", func(k string) bool { return k > "k:00100" && k < "l" }},
		{"k:", "a", func(k string) bool { return k >= "k:" && k < "l" }},
		{"k:", "l", func(string) bool { return false }},
		{"", "k:00383", func(k string) bool { return k > "k:00383" }},
		{"none", "", func(string) bool { return false }},
	} {
		var want []string
		for _, k := range keys {
			if tc.want(k) {
				want = append(want, k)
			}
		}
		seq := c.Ascend(tc.prefix, tc.after)
		for range 2 { // it may be ranged over again
			var got []string
			for k, v := range seq {
				got = append(got, k)
				if stored, _, err := c.Value(k); stored.String() != v.String() || stored.IsNumber() != v.IsNumber() || err != nil {
					t.Errorf("%q has a value of %d bytes, want %d, %v", k, len(v.String()), len(stored.String()), err)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("Ascend(%q, %q): %d keys, want %d", tc.prefix, tc.after, len(got), len(want))
			}
		}
	}
}

// TestAscendAmidChanges: what is there all the time is seen once, whatever the
// loop's body does.
func TestAscendAmidChanges(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{})
	const items = 4 * ascendItems
	for i := range items {
		set(t, c, fmt.Sprintf("stay:%05d", i), "v", 0)
		set(t, c, fmt.Sprintf("stay:%05d:gone", i), "v", 0)
	}
	seen := map[string]int{}
	n := 0
	for k := range c.Ascend("stay:", "") {
		seen[k]++
		if _, err := c.Delete(fmt.Sprintf("stay:%05d:gone", (n*7919)%items)); err != nil {
			t.Fatal(err)
		}
		set(t, c, fmt.Sprintf("stay:%05d:new", (n*104729)%items), "v", 0)
		n++
	}
	for i := range items {
		if k := fmt.Sprintf("stay:%05d", i); seen[k] != 1 {
			t.Errorf("%q was seen %d times", k, seen[k])
		}
	}
}

// TestAscendEndsWithTheCache: a loop may close it.
func TestAscendEndsWithTheCache(t *testing.T) {
	t.Parallel()
	c := open(t, Options{})
	for i := range 3 * ascendItems {
		set(t, c, fmt.Sprintf("k:%05d", i), "v", 0)
	}
	n := 0
	for _, v := range c.Ascend("k:", "") {
		if v.String() != "v" {
			t.Fatal(v)
		}
		if n++; n == 10 {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n != ascendItems {
		t.Errorf("%d items, want the %d that were copied before the end", n, ascendItems)
	}
	for range c.Ascend("k:", "") {
		t.Error("a closed cache has an item")
	}
}

func TestWeigh(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{Compression: -1})
	weigh := func(prefix string, items, bytes int64) {
		t.Helper()
		if n, size, err := c.Weigh(prefix); n != items || size != bytes || err != nil {
			t.Errorf("Weigh(%q) = %d, %d, %v, want %d, %d", prefix, n, size, err, items, bytes)
		}
	}
	weigh("a", 0, 0)
	set(t, c, "a:1", "12345", 0)
	weigh("a", 1, 8)
	set(t, c, "a:2", "1", 0)
	if _, err := c.Inc("a:3"); err != nil {
		t.Fatal(err)
	}
	weigh("a:", 3, 8+4+11)
	set(t, c, "a:4", "v", time.Second)
	weigh("a:4", 1, 4+4)
	clock.advance(time.Second)
	weigh("a:", 3, 8+4+11)
	set(t, c, "b", "v", 0)
	s, err := c.Stats()
	if err != nil || s.MemoryPayload != 8+4+11+2 || s.MemoryPayload+s.MemoryOverhead != s.MemoryUsed || s.MemoryHeld < s.MemoryUsed {
		t.Errorf("%+v, %v", s, err)
	}
	if _, _, err := c.Weigh(""); err != ErrInvalidKey {
		t.Errorf("no prefix: %v, want %v", err, ErrInvalidKey)
	}
}

// TestAscendStepsAreBounded: what a step copies under the lock is bounded by what
// values are, not by what they compress to.
func TestAscendStepsAreBounded(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{})
	const size = ascendBytes / 2
	for i := range ascendItems {
		set(t, c, fmt.Sprintf("k:%03d", i), string(make([]byte, size)), 0)
	}
	if used := stats(t, c).MemoryUsed; used > ascendItems*size/8 {
		t.Fatalf("%d bytes used: nothing was compressed", used)
	}
	a, seen := ascent{c: c, prefix: []byte("k:")}, 0
	for a.step() {
		copied := 0
		for _, v := range a.values {
			copied += len(v.String())
		}
		if seen += len(a.keys); copied > ascendBytes+size {
			t.Errorf("one step copied %d bytes, want at most %d", copied, ascendBytes+size)
		}
	}
	if seen != ascendItems {
		t.Errorf("%d items, want %d", seen, ascendItems)
	}
}
