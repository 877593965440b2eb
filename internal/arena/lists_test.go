package arena

import (
	"errors"
	"strings"
	"testing"
)

// TestCheckNoticesBadBlocks is TestCheckNoticesCorruption for what takes more than
// a changed word.
func TestCheckNoticesBadBlocks(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(r *Region, hs []Handle)
		want  string
	}{
		{"a block stands in both lists", func(r *Region, hs []Handle) {
			i := binOf(sizeOf(r.mem, hs[0]))
			r.boundary = 0
			r.bins[above].head[i], r.bins[above].tail[i] = r.bins[below].head[i], r.bins[below].tail[i]
			r.bins[above].filled[i/64] |= 1 << (i % 64)
			r.bins[above].summary |= 1 << (i / 64)
		}, "is listed twice"},
		{"a free block stands in no list", func(r *Region, hs []Handle) {
			r.bins[below].unlink(r.mem, hs[0], sizeOf(r.mem, hs[0]))
		}, "stands in a list: false"},
		{"neighbours are free", func(r *Region, hs []Handle) {
			h, units := hs[2], sizeOf(r.mem, hs[2])
			r.bins[below].unlink(r.mem, h, units)
			r.insert(h+Handle(units/2), units-units/2, extent{}, bitFree)
			r.insert(h, units/2, extent{}, bitFree)
		}, "is free, as is the one before it"},
		{"pages went back from beside a block", func(r *Region, hs []Handle) {
			r.setExtent(hs[4], extent{uint64(hs[4]), uint64(hs[5])})
		}, "returned pages"},
		{"the highest block is free", func(r *Region, hs []Handle) {
			*r.word(hs[7]) = bitFree | minUnits<<2
		}, "does not end below the top"},
		{"a fence is free", func(r *Region, hs []Handle) { r.fences = append(r.fences, hs[0]) }, "is a fence and free"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, hs := fullRegion(t, 8<<20, 200, 64, 400, 64, 256<<10, 64, 64)
			for i := 0; i < 5; i += 2 {
				m.release(hs[i])
			}
			m.check()
			m.spoiled = true
			tc.spoil(m.r, hs)
			sizes := map[Handle]int{}
			for _, b := range m.blocks {
				sizes[b.h] = b.size
			}
			err := m.r.Check(func(h Handle) int { return sizes[h] })
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}
