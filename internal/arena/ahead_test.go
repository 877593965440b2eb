package arena

import (
	"runtime"
	"testing"
)

// TestFillAhead: the huge page above the top is filled before it is needed, is
// counted from then on, and goes back like any other.
func TestFillAhead(t *testing.T) {
	const block = 64 << 10
	m, _ := fullRegion(t, 128<<20)
	resident := func() int64 { return m.r.Stats().Resident }
	for m.r.Stats().Span < 8<<20 && !(m.r.huge && m.r.WantsAhead()) {
		m.take(block)
	}
	a, ok := m.r.Ahead()
	if ok != m.r.huge {
		t.Fatalf("%d bytes from the top to the end of the page: wants another %v, huge pages %v",
			(roundUp(m.r.touched, granule/Unit)-uint64(m.r.top))*Unit, ok, m.r.huge)
	}
	if !ok {
		if a != (Ahead{}) {
			t.Errorf("nothing to fill, but %+v", a)
		}
		return
	}
	before := resident()
	filled := a.Fill()
	m.take(block) // the region is used meanwhile
	a.Filled(filled)
	if m.r.WantsAhead() {
		t.Error("it wants the same again")
	}
	if grown := resident() - before; filled && grown != AheadBytes || !filled && grown != 0 {
		t.Errorf("filled %v, %d bytes more are counted", filled, grown)
	}
	if !filled {
		t.Skipf("%s does not fill memory before it is used", runtime.GOOS)
	}
	m.check()
	m.r.Trim()
	if resident() != before {
		t.Errorf("after Trim %d bytes are counted, %d before", resident(), before)
	}
	m.check()
}

// TestFillAheadFails: where the system does not do it, nobody asks again.
func TestFillAheadFails(t *testing.T) {
	m, _ := fullRegion(t, 128<<20)
	for m.r.Stats().Span < 8<<20 && !m.r.WantsAhead() {
		m.take(64 << 10)
	}
	a, ok := m.r.Ahead()
	if !ok {
		t.Skip("there are no huge pages here")
	}
	before := m.r.Stats()
	a.Filled(false)
	if m.r.WantsAhead() || m.r.Stats() != before {
		t.Errorf("after a failure: wants more %v, %+v, before %+v", m.r.WantsAhead(), m.r.Stats(), before)
	}
	m.take(4 << 20)
	m.check()
}

// untilAhead takes blocks until the region wants memory ahead, and returns that.
// It ends the test where there are no huge pages.
func (m *model) untilAhead() Ahead {
	m.t.Helper()
	for m.r.Stats().Span < 32<<20 || !m.r.WantsAhead() {
		if m.r.Stats().Span > 64<<20 {
			m.t.Skip("there are no huge pages here")
		}
		m.take(64 << 10)
	}
	a, ok := m.r.Ahead()
	if !ok {
		m.t.Fatal("nothing is wanted")
	}
	return a
}

// TestFilledAfterTheTopFell: what was given back meanwhile is not counted as
// there again.
func TestFilledAfterTheTopFell(t *testing.T) {
	m, _ := fullRegion(t, 128<<20)
	a := m.untilAhead()
	filled := a.Fill()
	for len(m.blocks) > 1 {
		m.free(len(m.blocks) - 1)
	}
	before := m.r.Stats().Resident
	a.Filled(filled)
	if now := m.r.Stats().Resident; now != before {
		t.Errorf("%d bytes are counted, %d before the fill was noted", now, before)
	}
	m.check()
}

// TestFilledPageStays: a block that comes and goes at the top does not make the
// page that was filled ahead go back, to be filled again the next time.
func TestFilledPageStays(t *testing.T) {
	const block = 4 << 10
	m, _ := fullRegion(t, 128<<20)
	r := m.r
	fills := 0
	fill := func() {
		if a, ok := r.Ahead(); ok {
			a.Filled(a.Fill())
			fills++
		}
	}
	for size := int64(1 << 20); size < 32<<20; size *= 2 {
		for r.Stats().Span < size || !r.WantsAhead() {
			if r.Stats().Span > 2*size {
				t.Skip("there are no huge pages here")
			}
			m.take(block)
			if r.Stats().Span < size {
				fill()
			}
		}
		fills = 0
		for range 100 {
			m.take(block)
			fill()
			m.free(len(m.blocks) - 1)
			fill()
		}
		if fills != 1 {
			t.Errorf("with %d KiB in use, 100 blocks that came and went cost %d huge pages, want 1", r.Stats().Span>>10, fills)
		}
	}
	m.check()
}

// TestNoHugePageIsTouchedFirst: where somebody fills what is wanted, nobody who
// takes blocks ever touches a huge page that is not there, not even the first.
func TestNoHugePageIsTouchedFirst(t *testing.T) {
	const block = 4 << 10
	m, _ := fullRegion(t, 128<<20)
	r := m.r
	fills := 0
	for r.Stats().Span < 16<<20 {
		touched := r.touched
		m.take(block)
		if r.huge && r.touched != touched {
			t.Fatalf("the page at %d KiB was touched before it was filled", touched*Unit>>10)
		}
		if a, ok := r.Ahead(); ok {
			filled := a.Fill()
			if !filled {
				t.Skipf("%s does not fill memory before it is used", runtime.GOOS)
			}
			a.Filled(filled)
			fills++
		}
	}
	if r.huge && fills != 7 && fills != 8 {
		t.Errorf("16 MiB in use, %d huge pages were filled, want all but the first", fills)
	}
	m.check()
}
