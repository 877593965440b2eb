package radix

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

func TestNoGoAllocations(t *testing.T) {
	tree := newTree(t)
	keys := make([][]byte, 1000)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "app:user:%08d:profile", i*7)
		if _, err := tree.Put(keys[i], 100); err != nil {
			t.Fatal(err)
		}
	}
	prefix := []byte("app:user:00000")
	buf := make([]byte, 0, 64)
	i := 0
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"Find", func() { tree.Find(keys[i%1000]) }},
		{"Put", func() { _, _ = tree.Put(keys[i%1000], 20+i%100) }},
		{"Delete and Put", func() { tree.Delete(keys[i%1000]); _, _ = tree.Put(keys[i%1000], 20+i%100) }},
		{"Seek and Store", func() { tree.Seek(keys[i%1000]); _, _ = tree.Store(30) }},
		{"Count", func() { tree.Count(prefix) }},
		{"Weigh", func() { tree.Weigh(prefix) }},
		{"WalkNth", func() { buf, _ = nth(tree, i%1000, buf[:0]) }},
		{"Touch", func() { tree.Touch(keys[:100]) }},
		{"Memory", func() { tree.Memory() }},
		{"Defrag", func() { tree.Defrag(10) }},
	} {
		// The race detector makes the pool of walkers forget some.
		if n := testing.AllocsPerRun(1000, func() { c.f(); i += 13 }); n != 0 && !(slow > 1 && c.name == "WalkNth") {
			t.Errorf("%s: %v Go allocations, want 0", c.name, n)
		}
	}
}

// What only reads runs beside itself: the race detector watches.
func TestConcurrentReaders(t *testing.T) {
	tree := newTree(t)
	keys := make([][]byte, 500)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "k:%d", i*i)
		rec, err := tree.Put(keys[i], len(keys[i]))
		if err != nil {
			t.Fatal(err)
		}
		copy(rec, keys[i])
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 0))
			for range 300 {
				key := keys[r.IntN(len(keys))]
				if rec := tree.Find(key); !bytes.Equal(rec, key) {
					t.Errorf("Find(%q) = %q", key, rec)
				}
				if tree.Count(key[:3]) == 0 {
					t.Errorf("Count(%q) = 0", key[:3])
				}
				tree.Touch(keys[:20])
				nth(tree, r.IntN(len(keys)), nil)
				n := 0
				tree.Walk(key[:3], nil, func(k, rec []byte) bool {
					if !bytes.Equal(k, rec) {
						t.Errorf("Walk: %q has the record %q", k, rec)
					}
					n++
					return n < 20
				})
			}
		})
	}
	wg.Wait()
}

// Touch takes any keys, whatever they have in common with those that are there.
func TestTouch(t *testing.T) {
	for i, s := range shapes {
		m := newModel(t, s, uint64(i))
		m.tree.Touch([][]byte{[]byte("the tree is empty"), nil})
		for range 300 {
			m.put(m.shape.key(m.rng))
		}
		batch := make([][]byte, 40)
		for i := range batch {
			batch[i] = []byte(m.prefix() + m.shape.key(m.rng))
			if i%3 == 0 {
				batch[i] = []byte(m.shape.key(m.rng))
			}
		}
		m.tree.Touch(batch)
		m.check()
	}
}

// Records are aligned so that their words can be used atomically.
func TestRecordsAreAligned(t *testing.T) {
	for i, s := range shapes {
		m := newModel(t, s, uint64(i))
		for range 500 {
			m.step(true)
		}
		m.tree.Walk(nil, nil, func(key, rec []byte) bool {
			if addr := addressOf(rec); addr%4 != 0 {
				t.Fatalf("the record of %.40q is at %#x", key, addr)
			}
			return true
		})
	}
}

func TestCloseTwice(t *testing.T) {
	tree := newTree(t)
	if _, err := tree.Put([]byte("k"), 10); err != nil {
		t.Fatal(err)
	}
	tree.Close()
	tree.Close()
	if m := tree.Memory(); m.Used != 0 || m.Held != 0 {
		t.Errorf("a closed tree takes %+v, want nothing", m)
	}
}
