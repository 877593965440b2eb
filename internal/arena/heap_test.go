//go:build !((linux || darwin) && (amd64 || arm64 || riscv64 || loong64 || ppc64le || s390x)) || arenaheap

package arena

import "testing"

// TestEmptySlicesAreLetGo: a region that grows by slices of the Go heap lets the
// highest go once nothing in them is in use, and takes new ones afterwards.
func TestEmptySlicesAreLetGo(t *testing.T) {
	m := newModel(t, 3)
	slices := func() (n int) {
		for _, p := range m.s.table {
			if p != nil {
				n++
			}
		}
		return n
	}
	alloc := func(size int) {
		t.Helper()
		b := heldBlock{h: m.r.Alloc(size), size: size, fill: byte(len(m.blocks))}
		if b.h == 0 {
			t.Fatal("no memory")
		}
		m.fill(b)
		m.blocks = append(m.blocks, b)
	}
	const size = 300 << 10 // three to a MiB, with something left over
	for range 2 {
		before := slices()
		for range 32 {
			alloc(size)
		}
		m.check()
		most := slices()
		if most < 10 || len(m.r.fences) == 0 {
			t.Fatalf("%d MiB in %d slices hold 32 blocks of 300 KiB", most, len(m.r.fences)+1)
		}
		for len(m.blocks) > 1 { // the lowest goes last
			m.free(len(m.blocks) - 1)
		}
		m.check()
		if left := slices(); left > max(before, 1) {
			t.Errorf("%d MiB of %d are left for one block of 300 KiB", left, most)
		}
		m.free(0)
	}
	// Slices go from the top: one below a block in use stays.
	for range 8 {
		alloc(size)
	}
	all := slices()
	for n := len(m.blocks); n > 1; n = len(m.blocks) {
		m.free(n - 2) // the highest takes its place
	}
	if left := slices(); left != all {
		t.Errorf("%d MiB of %d are left below a block in use", left, all)
	}
	m.check()
}

// TestFullSlice: a slice without a byte left over stays when the one above it is
// no more in use, and what was in that comes back to it.
func TestFullSlice(t *testing.T) {
	m := newModel(t, 4)
	whole := func() {
		t.Helper()
		b := heldBlock{size: slab - Unit, fill: 1} // its last unit is the fence
		if b.h = m.r.Alloc(b.size); b.h == 0 {
			t.Fatal("no memory")
		}
		m.fill(b)
		m.blocks = append(m.blocks, b)
		m.check()
	}
	whole()
	whole()
	second := m.blocks[1].h
	for range 2 {
		m.free(1)
		m.check()
		whole()
		if got := m.blocks[1].h; got != second {
			t.Errorf("the block came from %#x, want %#x, where there is a slice", got, second)
		}
	}
	m.free(0)
	m.check()
	m.free(0)
	m.check()
	if st := m.r.Stats(); st.Blocks != 0 || st.Live != 0 {
		t.Errorf("everything was freed, and the region has %+v", st)
	}
}
