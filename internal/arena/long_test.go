//go:build (linux || darwin) && (amd64 || arm64 || riscv64 || loong64 || ppc64le || s390x) && !arenaheap

package arena

import "testing"

// Free runs may be longer than the longest block. No free one may stay below the
// top then either. Nothing but the first and last words of the blocks is touched.
func TestRunsLongerThanABlock(t *testing.T) {
	if debug {
		t.Skip("fills what is free")
	}
	const long = 5 << 30
	s, err := Reserve(16 << 30)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := s.Region(0)
	size := map[Handle]int{}
	check := func() {
		t.Helper()
		if err := r.Check(func(h Handle) int { return size[h] }); err != nil {
			t.Fatal(err)
		}
	}
	alloc := func(n int) Handle {
		h := r.Alloc(n)
		size[h] = n
		return h
	}
	a, b, c := alloc(long), alloc(long), alloc(MinBlock)
	r.Free(a, long)
	r.Free(b, long)
	check()
	if h := alloc(long); h == 0 || h >= c {
		t.Fatalf("a block came from %#x, want one of the two that are free below %#x", h, c)
	} else {
		r.Free(h, long)
	}
	r.Free(c, MinBlock)
	check()
	if got := r.Stats(); got.Span != 0 || got.Live != 0 {
		t.Errorf("all was freed, but %+v", got)
	}
}
