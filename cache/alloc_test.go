package cache

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

// TestHotPathsDoNotAllocate: reads, counts, and changes of items that exist.
func TestHotPathsDoNotAllocate(t *testing.T) {
	c, clock := withClock(t, Options{})
	for i := range 100 {
		set(t, c, fmt.Sprintf("key:%d", i), "12345678", time.Hour)
	}
	set(t, c, "long", string(bytes.Repeat([]byte("long "), 2000)), 0)
	if _, err := c.Inc("number"); err != nil {
		t.Fatal(err)
	}
	val, buf := []byte("87654321"), make([]byte, 0, 1<<14)
	key, other, long, number := []byte("key:50"), []byte("key:60"), []byte("long"), []byte("number")
	batch := func(fn func(b *Batch)) func() {
		return func() {
			b, err := c.Begin()
			if err != nil {
				t.Fatal(err)
			}
			fn(b)
			b.End()
		}
	}
	for name, fn := range map[string]func(){
		"GetInto":                     func() { buf, _, _ = c.GetInto(buf[:0], "key:50") },
		"GetInto, number":             func() { buf, _, _ = c.GetInto(buf[:0], "number") },
		"GetInto, long":               func() { buf, _, _ = c.GetInto(buf[:0], "long") },
		"GetInto, missing":            func() { buf, _, _ = c.GetInto(buf[:0], "missing") },
		"Count":                       func() { _, _ = c.Count("key:") },
		"Set":                         func() { _ = c.Set("key:50", val, time.Hour) },
		"Set and Delete":              func() { _ = c.Set("new:1", val, Forever); _, _ = c.Delete("new:1") },
		"Set with a life, and Delete": func() { _ = c.Set("new:1", val, time.Hour); _, _ = c.Delete("new:1") },
		"Delete, missing":             func() { _, _ = c.Delete("missing") },
		"Weigh":                       func() { _, _, _ = c.Weigh("key:") },
		"Inc":                         func() { _, _ = c.Inc("number") },
		"Batch":                       batch(func(*Batch) {}),
		"Batch.Get":                   batch(func(b *Batch) { _, _ = b.Get(key) }),
		"Batch.Get, long":             batch(func(b *Batch) { _, _ = b.Get(long) }),
		"Batch.Set":                   batch(func(b *Batch) { _ = b.Set(3600, key, val) }),
		"Batch.Set, no life":          batch(func(b *Batch) { _ = b.Set(0, other, val) }),
		"Batch.Inc":                   batch(func(b *Batch) { _, _ = b.Inc(number) }),
		"Batch.TTL":                   batch(func(b *Batch) { _ = b.TTL(key, 60, true) }),
		"Batch.Meta":                  batch(func(b *Batch) { _, _ = b.Meta(key, []byte("left")) }),
		"Batch.Count":                 batch(func(b *Batch) { b.Count(key) }),
		"Batch.Full":                  batch(func(b *Batch) { b.Full() }),
	} {
		got := testing.AllocsPerRun(100, func() {
			clock.advance(time.Millisecond)
			fn()
		})
		if got != 0 {
			t.Errorf("%s allocates %v times", name, got)
		}
	}
}
