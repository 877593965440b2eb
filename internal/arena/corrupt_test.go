package arena

import (
	"errors"
	"strings"
	"testing"
)

// TestCheckNoticesCorruption spoils one thing at a time and expects Check to say
// what it is: all the models rest on it.
func TestCheckNoticesCorruption(t *testing.T) {
	s, err := Reserve(1<<20, 8<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	r := s.Region(1)
	sizes := map[Handle]int{}
	alloc := func(size int) Handle {
		h := r.Alloc(size)
		if h == 0 {
			t.Fatal("no memory")
		}
		sizes[h] = size
		return h
	}
	free := func(h Handle) Handle {
		r.Free(h, sizes[h])
		delete(sizes, h)
		return h
	}
	first := alloc(64)
	small, large := alloc(200), Handle(0)
	used := alloc(64)
	after := alloc(64)
	same := alloc(200)
	alloc(64)
	large = alloc(largeUnits * Unit * 4)
	cut := alloc(64)
	free(small)
	free(same)
	free(large)
	if !r.Resize(cut, sizes[cut], sizes[cut]) {
		t.Fatal("Resize to the same size")
	}
	shrunk := alloc(40)
	end := alloc(64)
	if !r.Resize(shrunk, 40, 32) { // what is left over is a block of one unit
		t.Fatal("Resize to less")
	}
	sizes[shrunk] = 32
	crumb := shrunk + 4
	size := func(h Handle) int { return sizes[h] }
	if err := r.Check(size); err != nil {
		t.Fatal(err)
	}
	if r.crumbs != 1 {
		t.Fatalf("%d crumbs, want 1", r.crumbs)
	}
	b := &r.bins[below]
	list := binOf(sizeOf(r.mem, small))

	word := func(h Handle, v uint32) func() {
		old := *r.word(h)
		*r.word(h) = v
		return func() { *r.word(h) = old }
	}
	count := func(n *int) func() { *n++; return func() { *n-- } }
	units := func(n *uint64) func() { *n++; return func() { *n-- } }
	for _, tc := range []struct {
		name  string
		spoil func() (undo func())
		want  string
	}{
		{"a block says that the one before it is free", func() func() { return word(after, *r.word(after)|bitPrev) }, "says that the block before it is free: true"},
		{"a block does not say so", func() func() { return word(used, *r.word(used)&^bitPrev) }, "says that the block before it is free: false"},
		{"a listed block is not free", func() func() { return word(small, *r.word(small)&^bitFree) }, "is not free or stands in a wrong list"},
		{"a free block has no size at its end", func() func() {
			p := r.word32(large, int(*r.word(large)>>2)*Unit-4)
			*p++
			return func() { *p-- }
		}, "does not end with its size"},
		{"a crumb without size", func() func() { return word(crumb, bitFree) }, "is free, has 0 units"},
		{"a list is marked empty", func() func() {
			b.filled[list/64] ^= 1 << (list % 64)
			return func() { b.filled[list/64] ^= 1 << (list % 64) }
		}, "is marked filled: false"},
		{"the summary forgets lists", func() func() {
			b.summary ^= 1 << (list / 64)
			return func() { b.summary ^= 1 << (list / 64) }
		}, "summary"},
		{"the tail of a list is another", func() func() {
			old := b.tail[list]
			b.tail[list] = first
			return func() { b.tail[list] = old }
		}, "is not its tail"},
		{"a link back is wrong", func() func() {
			l := linksOf(r.mem, b.head[list])
			old := l.prev
			l.prev = used
			return func() { l.prev = old }
		}, "is not linked to the block before it"},
		{"a block of the lower list lies above", func() func() {
			r.bins[above], r.bins[below] = r.bins[below], r.bins[above]
			return func() { r.bins[above], r.bins[below] = r.bins[below], r.bins[above] }
		}, "lies below the boundary"},
		{"a block is larger than it is", func() func() {
			sizes[end] = 1 << 20
			return func() { sizes[end] = 64 }
		}, "reaches over the top"},
		{"blocks", func() func() { return count(&r.blocks) }, "blocks in use"},
		{"live", func() func() { return units(&r.live) }, "units in use"},
		{"crumbs", func() func() { return count(&r.crumbs) }, "crumbs"},
		{"returned", func() func() { return units(&r.returned) }, "returned units"},
		{"idle", func() func() { return units(&r.idle) }, "idle units"},
		{"more is touched than there is", func() func() {
			old := r.touched
			r.touched = r.end + 1
			return func() { r.touched = old }
		}, "was touched up to"},
		{"less is touched than is in use", func() func() {
			old := r.touched
			r.touched = uint64(r.top) - 1
			return func() { r.touched = old }
		}, "was touched up to"},
	} {
		undo := tc.spoil()
		err := r.Check(size)
		undo()
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
		if err := r.Check(size); err != nil {
			t.Fatalf("%s, undone: %v", tc.name, err)
		}
	}
}
