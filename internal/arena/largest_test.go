//go:build (linux || darwin) && (amd64 || arm64 || riscv64 || loong64 || ppc64le || s390x) && !arenaheap

package arena

import "testing"

// TestLargestBlock: blocks may have every size up to the largest, which is found
// again when it was freed, and none above.
func TestLargestBlock(t *testing.T) {
	if debug {
		t.Skip("fills what is free")
	}
	s, err := Reserve(16 << 30)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := s.Region(0)
	for _, size := range []int{MaxBlock + 1, 16 << 30} {
		if h := r.Alloc(size); h != 0 {
			t.Errorf("Alloc(%d) is %#x, want none above %d", size, h, MaxBlock)
		}
		if h := r.AllocBelow(size); h != 0 {
			t.Errorf("AllocBelow(%d) is %#x, want none above %d", size, h, MaxBlock)
		}
	}
	first := r.Alloc(MaxBlock)
	if first == 0 || r.Alloc(MinBlock) == 0 {
		t.Fatal("no memory")
	}
	r.Free(first, MaxBlock)
	if again := r.Alloc(MaxBlock); again != first {
		t.Errorf("the largest block came from %#x, want %#x, which is free", again, first)
	}
	if second := r.Alloc(MaxBlock); second != 0 {
		t.Errorf("a second block of %d bytes came from %#x of a region of 16 GiB", MaxBlock, second)
	}
}
