package cache

import (
	"fmt"
	"testing"
)

// TestTouch touches keys that are there, that are not and that no item can
// have: nothing changes, and nothing is allocated.
func TestTouch(t *testing.T) {
	c, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	keys := [][]byte{nil, {}, []byte("none"), []byte("key:"), []byte("key:1 and more")}
	for i := range 100 {
		key := fmt.Sprintf("key:%d", i)
		keys = append(keys, []byte(key))
		if err := c.Set(key, []byte("value"), 0); err != nil {
			t.Fatal(err)
		}
	}
	before, err := c.Stats()
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Begin()
	if err != nil {
		t.Fatal(err)
	}
	allocs := testing.AllocsPerRun(10, func() { b.Touch(keys) })
	b.End()
	if allocs > 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
	after, err := c.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if before.Items != after.Items || before.MemoryUsed != after.MemoryUsed {
		t.Errorf("%+v, before: %+v", after, before)
	}
}
