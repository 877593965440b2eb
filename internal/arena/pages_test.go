package arena

import "testing"

// fullRegion returns a region with blocks of those sizes, one after the other
// and one more above them.
func fullRegion(t *testing.T, space int64, sizes ...int) (*model, []Handle) {
	t.Helper()
	m := reserveModel(t, space)
	var all []Handle
	for _, size := range append(sizes, MinBlock) {
		all = append(all, m.take(size))
	}
	return m, all
}

// release frees the block at h.
func (m *model) release(h Handle) {
	m.t.Helper()
	for i, b := range m.blocks {
		if b.h == h {
			m.free(i)
			return
		}
	}
	m.t.Fatalf("no block at %#x", h)
}

// TestRegionTurnsToHugePages: when a region becomes large enough for huge pages,
// those become what goes back as a whole. Pages that went back before are counted
// as such only if they make whole huge pages.
func TestRegionTurnsToHugePages(t *testing.T) {
	if !GivesBack {
		t.Skip("nothing is given back here")
	}
	m, hs := fullRegion(t, 128<<20, 100<<10, 64, 100<<10, 64, 1<<20, 64)
	m.release(hs[0])
	m.release(hs[2])
	m.release(hs[4])
	m.r.Trim()
	m.check()
	if m.r.huge || m.r.returned == 0 {
		t.Fatalf("huge pages: %v, %d units given back; want none, and some", m.r.huge, m.r.returned)
	}
	h := m.take(8 << 20)
	m.check()
	if !m.r.huge {
		t.Skip("the system has no huge pages")
	}
	// All free blocks are smaller than a huge page.
	if m.r.returned != 0 || m.r.idle != 0 {
		t.Errorf("%d units given back and %d that could be, want none of either", m.r.returned, m.r.idle)
	}
	m.release(h)
	m.check()
}

// TestNewerGoesBackWhenOlderHasGone: what is freed goes back to the system even if
// all the blocks that have been free for longer, more than are looked at, have
// nothing left to give.
func TestNewerGoesBackWhenOlderHasGone(t *testing.T) {
	if !GivesBack || debug {
		t.Skip("nothing is given back here, or all of it is written to")
	}
	const older, newer = 8 << 20, 6 << 20
	s, err := Reserve(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := s.Region(0)
	r.SmallPages()
	size := map[Handle]int{}
	alloc := func(n int) Handle {
		h := r.Alloc(n)
		if h == 0 {
			t.Fatal("no memory")
		}
		size[h] = n
		return h
	}
	free := func(h Handle) {
		r.Free(h, size[h])
		delete(size, h)
	}
	var old []Handle
	for range 2 * oldestTries {
		old = append(old, alloc(older))
		alloc(MinBlock)
	}
	last := alloc(newer)
	alloc(MinBlock)
	for _, h := range old {
		free(h)
	}
	r.Trim()
	before := r.Stats().Resident
	free(last)
	if got := before - r.Stats().Resident; got < newer-1<<20 {
		t.Errorf("%d bytes went back when %d were freed", got, newer)
	}
	if err := r.Check(func(h Handle) int { return size[h] }); err != nil {
		t.Error(err)
	}
}

// TestFrontOfReturnedPagesIsTaken: of a free block whose pages went back, an
// allocation takes the first, and the others stay with the system.
func TestFrontOfReturnedPagesIsTaken(t *testing.T) {
	if !GivesBack {
		t.Skip("nothing is given back here")
	}
	const size, front = 4 << 20, 1 << 20
	m, hs := fullRegion(t, 32<<20, size)
	m.release(hs[0])
	m.r.Trim()
	before := m.r.Stats().Resident
	if h := m.take(front); h != hs[0] {
		t.Fatalf("the block came from %#x, want %#x", h, hs[0])
	}
	m.check()
	if got := m.r.Stats().Resident - before; got < front-128<<10 || got > front+128<<10 {
		t.Errorf("%d bytes more are resident when %d are in use again", got, front)
	}
}

// TestDenyBelow: what Deny refuses is refused below the boundary too.
func TestDenyBelow(t *testing.T) {
	m, hs := fullRegion(t, 8<<20, 200, 200)
	m.release(hs[0])
	m.r.SetBoundary(hs[1])
	m.r.Deny(func(size int) bool { return size > 100 })
	if h := m.r.AllocBelow(101); h != 0 {
		t.Errorf("101 bytes were given out at %#x", h)
	}
	if h := m.r.AllocBelow(100); h != hs[0] {
		t.Fatalf("100 bytes came from %#x, want %#x, where 200 are free", h, hs[0])
	}
	m.hold(hs[0], 100)
}

// TestMayIdle: what lies idle is a share of what is in use, but no call has to
// give back hundreds of megabytes.
func TestMayIdle(t *testing.T) {
	for _, c := range []struct{ used, want uint64 }{
		{0, 1 << 20}, {64 << 20, 4 << 20}, {256 << 20, 16 << 20}, {1 << 30, 64 << 20}, {20 << 30, 64 << 20},
	} {
		if got := mayIdle(c.used/Unit) * Unit; got != c.want {
			t.Errorf("%d bytes of %d in use may lie idle, want %d", got, c.used, c.want)
		}
	}
}
