package cache

import (
	"fmt"
	"testing"
	"unsafe"
)

// TestRefusedCommandsLeaveNoWay: the way to a key ends with the call that looked for it,
// so that the caller may put another key into the same bytes.
func TestRefusedCommandsLeaveNoWay(t *testing.T) {
	c, _ := withClock(t, Options{MaxItems: 1000, Eviction: EvictNone})
	for i := range 1000 {
		set(t, c, fmt.Sprintf("key:%05d", i), fmt.Sprint(i), 0)
	}
	buf := []byte("key:00123")
	if err := c.Set(unsafe.String(&buf[0], len(buf)), []byte("v"), 0); err != ErrMemoryLimit {
		t.Fatalf("a SET that finds the cache full: %v, want %v", err, ErrMemoryLimit)
	}
	copy(buf, "key:00999")
	b, err := c.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer b.End()
	if v, err := b.Get(buf); err != nil || v.String() != "999" {
		t.Errorf("the key that took its place: %s, %v, want 999", v, err)
	}
}
