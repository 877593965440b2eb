package radix

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/gogibson/gibson/internal/arena"
)

// rss returns the resident memory of the process in bytes, 0 where it cannot
// be told.
func rss() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(data))
	pages, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// A million keys of 25 bytes with 100 bytes of value, and 12 more in each
// record, take no more than 140 bytes each, as the tree counts and as the
// system does.
func TestMemoryPerItem(t *testing.T) {
	const items = 1_000_000 / slow
	debug.FreeOSMemory()
	before := rss()
	tree, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	var key []byte
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(items) {
		key = fmt.Appendf(key[:0], "app:user:%08d:profile", i)
		rec, err := tree.Put(key, 112)
		if err != nil {
			t.Fatal(err)
		}
		clear(rec)
	}
	debug.FreeOSMemory() // what made the random order
	m, taken := tree.Memory(), rss()-before
	t.Logf("%+v; the process took %.1f bytes an item", m, float64(taken)/items)
	if got := float64(m.Used) / items; got > 136 {
		t.Errorf("%.1f bytes an item in use, want at most 136", got)
	}
	// Two huge pages may be begun and not full.
	if m.Held > 140*items+4<<20 {
		t.Errorf("%.1f bytes an item held, want at most 140", float64(m.Held)/items)
	}
	// The counters of a run that measures coverage take memory, too.
	if arena.GivesBack && slow == 1 && testing.CoverMode() == "" && before > 0 && taken > 140*items+4<<20 {
		t.Errorf("the process took %.1f bytes an item, want at most 140", float64(taken)/items)
	}
}

// Five rounds that overwrite everything, in random order, with records of 10
// to 300 bytes leave few holes.
func TestMemoryAfterChurn(t *testing.T) {
	const items = 200_000 / slow
	tree, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	var key []byte
	for round := range 6 {
		for _, i := range rng.Perm(items) {
			key = fmt.Appendf(key[:0], "app:user:%08d:profile", i)
			if _, err := tree.Put(key, 12+10+rng.IntN(291)); err != nil {
				t.Fatal(err)
			}
		}
		m := tree.Memory()
		t.Logf("round %d: span %.3f, held %.3f of what is in use, held %.3f of keys and values", round,
			float64(m.Span)/float64(m.Used), float64(m.Held)/float64(m.Used), float64(m.Held)/float64(m.Payload-12*items))
	}
	m := tree.Memory()
	if float64(m.Span) > 1.10*float64(m.Used) {
		t.Errorf("a span of %d bytes for %d in use, want at most a tenth more", m.Span, m.Used)
	}
	// Two huge pages may be begun and not full.
	if arena.GivesBack && m.Held > m.Span+6<<20 {
		t.Errorf("%d bytes held for a span of %d", m.Held, m.Span)
	}
}

// What is left of a tree after most of it went, in no order, moves together,
// and the system gets the rest back.
func TestDefrag(t *testing.T) {
	const items = 200_000 / slow
	tree, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	key := func(i int) []byte { return fmt.Appendf(nil, "app:user:%08d:profile", i) }
	for _, i := range rng.Perm(items) {
		rec, err := tree.Put(key(i), 22+rng.IntN(291))
		if err != nil {
			t.Fatal(err)
		}
		copy(rec, key(i))
	}
	left := items
	for _, i := range rng.Perm(items) {
		if left > items/10 {
			tree.Delete(key(i))
			left--
		}
	}
	before := tree.Memory()
	steps := 0
	for tree.Defrag(100) {
		if steps++; steps > 10*items/100 {
			t.Fatal("defragmentation does not end")
		}
	}
	if err := tree.Check(); err != nil {
		t.Fatal(err)
	}
	after := tree.Memory()
	t.Logf("%d steps: %+v became %+v", steps, before, after)
	if after.Used != before.Used || after.Payload != before.Payload {
		t.Error("the content changed")
	}
	if after.Span > after.Used*5/4 {
		t.Errorf("span %d for %d in use, want at most a quarter more", after.Span, after.Used)
	}
	if arena.GivesBack && after.Held > after.Span+16<<20 {
		t.Errorf("%d bytes held for a span of %d", after.Held, after.Span)
	}
	n := 0
	tree.Walk(nil, nil, func(key, rec []byte) bool {
		n++
		if string(rec[:min(len(rec), len(key))]) != string(key[:min(len(rec), len(key))]) {
			t.Fatalf("the record of %q is %q", key, rec)
		}
		return true
	})
	if n != left {
		t.Errorf("%d keys are left, want %d", n, left)
	}
}

// Records of very different sizes come and go under a limit that their owner
// keeps by what the tree holds: most of it must be payload.
func TestMemoryUnderLimit(t *testing.T) {
	const limit, steps = 64 << 20, 20_000 / slow
	tree, err := New(Options{Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	before := rss()
	var key []byte
	var worst, least, most float64 = 0, 1, 0
	for n := range steps {
		size := 12 + int(math.Exp(rng.Float64()*math.Log(256<<10)))
		for tree.Len() > 0 && tree.Memory().Held+int64(size) > limit {
			key, _ = nth(tree, rng.IntN(tree.Len()), key[:0])
			tree.Delete(key)
		}
		key = fmt.Appendf(key[:0], "key:%d", rng.IntN(1_000_000))
		rec, err := tree.Put(key, size)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < size; i += 512 {
			rec[i] = 1
		}
		if n > steps/2 {
			m := tree.Memory()
			worst = max(worst, float64(m.Held)/limit)
			least = min(least, float64(m.Payload)/limit)
			if n%1000 == 0 {
				most = max(most, float64(rss()-before)/limit)
			}
		}
	}
	t.Logf("of the limit: held up to %.3f, the process took up to %.3f, payload %.3f at the least", worst, most, least)
	if worst > 1.02 {
		t.Errorf("%.3f of the limit was held", worst)
	}
	if arena.GivesBack && slow == 1 && most > 1.1 {
		t.Errorf("the process took %.3f of the limit", most)
	}
	// While the tree fills for the first time there is nothing to learn.
	if slow == 1 && least < 0.7 {
		t.Errorf("payload fell to %.3f of the limit", least)
	}
	if err := tree.Check(); err != nil {
		t.Fatal(err)
	}
}

// Keys in pairs that share a long beginning make a tree that is nearly all
// nodes. It must be able to grow to its limit all the same: an owner that makes
// room only at the limit would be stuck below it.
func TestNodesMayFillTheLimit(t *testing.T) {
	if slow > 1 {
		t.Skip("takes as much memory as the smallest tree may have")
	}
	const limit = 128 << 20
	tree, err := New(Options{Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	rng := rand.NewChaCha8([32]byte{})
	key := make([]byte, 256)
	for tree.Memory().Used < limit {
		if _, err := rng.Read(key[:255]); err != nil {
			t.Fatal(err)
		}
		for _, last := range []byte("ab") {
			key[255] = last
			if _, err := tree.Put(key, 8); err != nil {
				t.Fatalf("%v with %d of %d bytes in use", err, tree.Memory().Used, limit)
			}
		}
	}
}

// TestDefragOfWhatShrinks: a walk that began when far more was in use has not
// moved things low enough, and is not the last one.
func TestDefragOfWhatShrinks(t *testing.T) {
	tree := newTree(t)
	const keys = 100_000
	key := func(i int) []byte { return fmt.Appendf(nil, "key:%06d", i) }
	for i := range keys {
		if _, err := tree.Put(key(i), 100); err != nil {
			t.Fatal(err)
		}
	}
	for i := range keys {
		switch {
		case i%20 == 0:
			continue
		case i == keys/4+1: // a fifth and more are holes
			if !tree.Defrag(1) {
				t.Fatal("no defragmentation although a fifth are holes")
			}
		}
		tree.Delete(key(i))
	}
	for tree.Defrag(64) {
	}
	for _, r := range tree.movable() {
		if s := r.Stats(); s.Span > s.Live+s.Live/holesShare+holesMin {
			t.Errorf("%d bytes in use span %d", s.Live, s.Span)
		}
	}
}
