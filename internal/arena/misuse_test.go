//go:build race || arenadebug

package arena

import (
	"strings"
	"testing"
	"unsafe"
)

func TestMisuseIsDetected(t *testing.T) {
	for _, c := range []struct {
		name, want string
		misuse     func(s *Space, r *Region, h Handle)
	}{
		{"double free", "not a block in use", func(_ *Space, r *Region, h Handle) { r.Free(h, 40); r.Free(h, 40) }},
		{"wrong size", "it has 5", func(_ *Space, r *Region, h Handle) { r.Free(h, 80) }},
		{"use after free", "not a block in use", func(s *Space, r *Region, h Handle) { r.Free(h, 40); s.At(h) }},
		{"use of the inside", "not a block in use", func(s *Space, _ *Region, h Handle) { s.At(h + 1) }},
		{"write after free", "was written to", func(s *Space, r *Region, h Handle) {
			p := s.At(h)
			r.Free(h, 40)
			*(*byte)(unsafe.Add(p, 30)) = 1
			r.Alloc(40)
		}},
		{"wrong old size", "it has 5", func(_ *Space, r *Region, h Handle) { r.Resize(h, 80, 16) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newModel(t, 0)
			m.spoiled = true
			h := m.r.Alloc(40)
			m.r.Alloc(40) // so that the first is not the highest
			defer func() {
				if msg, _ := recover().(string); !strings.Contains(msg, c.want) {
					t.Errorf("panic %q, want one with %q", msg, c.want)
				}
			}()
			c.misuse(m.s, m.r, h)
		})
	}
}
