//go:build (amd64 || arm64 || riscv64 || loong64 || ppc64le || s390x) && !arenaheap

package arena

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// resident asks the system how many bytes between two handles are in memory. A
// page of which only a part lies between them counts as a whole.
func (m *model) resident(from, to uint64) int {
	m.t.Helper()
	page := uint64(os.Getpagesize())
	b := m.s.bytes(roundDown(from, page/Unit), roundUp(to, page/Unit))
	pages := make([]byte, len(b)/int(page))
	if len(pages) == 0 {
		return 0
	}
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(unsafe.Pointer(&pages[0])))
	if errno == unix.ENOSYS {
		m.t.Skip("this system does not tell what is in memory")
	} else if errno != 0 {
		m.t.Fatal(errno)
	}
	n := 0
	for _, p := range pages {
		n += int(p & 1)
	}
	return n * int(page)
}

// residentIn is resident for the size bytes at h.
func (m *model) residentIn(h Handle, size int) int {
	m.t.Helper()
	return m.resident(uint64(h), uint64(h)+uint64(size/Unit))
}

// wantResident says how much of the size bytes at h may be in memory, and that
// the region's own figure does not fall short of what is.
func (m *model) wantResident(when string, h Handle, size, least, most int) {
	m.t.Helper()
	if got := m.residentIn(h, size); got < least || got > most {
		m.t.Errorf("%s: %d of %d bytes are in memory, want %d to %d", when, got, size, least, most)
	}
	// Where huge pages come without being asked for, the last one may reach
	// above the top.
	if all, told := m.resident(uint64(m.r.start), m.r.end), m.r.Stats().Resident; int64(all) > told+2*granule {
		m.t.Errorf("%s: %d bytes of the region are in memory, and %d counted", when, all, told)
	}
}

// forSmallAndHugePages runs f with a region that gives back small pages and with
// one that gives back huge ones.
func forSmallAndHugePages(t *testing.T, f func(m *model)) {
	t.Run("small pages", func(t *testing.T) {
		m := reserveModel(t, 128<<20)
		m.r.SmallPages()
		f(m)
	})
	t.Run("huge pages", func(t *testing.T) {
		m := reserveModel(t, 128<<20)
		m.take(4 << 20)
		if !m.r.huge {
			t.Skip("the system has no huge pages")
		}
		f(m)
	})
}

// Both ends of a free run stay, because they hold its sizes or belong to pages
// that are in use: ends is how much that is at the most.
const ends = 2 * granule

// TestFreeRunLeavesMemory: the system has the memory of a large free run back,
// be it between blocks or at the top, and not before it is free.
func TestFreeRunLeavesMemory(t *testing.T) {
	const size = 24 << 20
	for where, between := range map[string]bool{"between blocks": true, "at the top": false} {
		t.Run(where, func(t *testing.T) {
			forSmallAndHugePages(t, func(m *model) {
				h := m.take(size)
				if between {
					m.take(MinBlock)
				}
				m.wantResident("in use", h, size, size, size+2*os.Getpagesize())
				m.release(h)
				m.wantResident("free", h, size, 0, ends)
				if again := m.take(size); again != h {
					m.t.Fatalf("the block came from %#x, want %#x", again, h)
				}
				m.wantResident("in use again", h, size, size, size+2*os.Getpagesize())
			})
		})
	}
}

// TestTrimLeavesNoFreeMemory: what is too little to go back at once goes with
// Trim.
func TestTrimLeavesNoFreeMemory(t *testing.T) {
	const size = leastIdle * Unit / 2
	m := reserveModel(t, 32<<20)
	h := m.take(size)
	m.take(MinBlock)
	m.release(h)
	m.wantResident("free", h, size, size, size+2*os.Getpagesize())
	m.r.Trim()
	m.wantResident("after Trim", h, size, 0, 2*os.Getpagesize())
}

// TestJoinedRunLeavesMemory: what lay between two runs that had gone back goes
// back with them.
func TestJoinedRunLeavesMemory(t *testing.T) {
	forSmallAndHugePages(t, func(m *model) {
		const outer, inner = 3 * granule, granule / 2
		first := m.take(outer)
		middle := m.take(inner)
		last := m.take(outer)
		m.take(MinBlock)
		m.release(first)
		m.release(last)
		m.r.Trim()
		m.wantResident("in use", middle, inner, inner, inner+2*os.Getpagesize())
		m.release(middle)
		m.wantResident("free", middle, inner, 0, 0)
		m.wantResident("free", first, 2*outer+inner, 0, ends)
	})
}

// TestFillBringsMemory: what was filled ahead is in memory before anybody uses
// it, and leaves it if it is not wanted any more.
func TestFillBringsMemory(t *testing.T) {
	m := reserveModel(t, 128<<20)
	a := m.untilAhead()
	if got := m.resident(a.from, a.to); got != 0 {
		t.Fatalf("%d bytes are in memory already", got)
	}
	if !a.Fill() {
		t.Skip("the system does not fill memory before it is used")
	}
	if got := m.resident(a.from, a.to); got != AheadBytes {
		t.Errorf("%d bytes are in memory after Fill, want %d", got, AheadBytes)
	}
	for len(m.blocks) > 1 {
		m.free(len(m.blocks) - 1)
	}
	a.Filled(true)
	if got := m.resident(a.from, a.to); got != 0 {
		t.Errorf("%d bytes are in memory that lie far above the top", got)
	}
}

// flagsOf returns what the system notes about the mapping at h.
func (m *model) flagsOf(h uint64) []string {
	m.t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		m.t.Skip(err)
	}
	defer f.Close()
	addr := uintptr(m.s.base) + uintptr(h)*Unit
	inside := false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var from, to uintptr
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x ", &from, &to); n == 2 {
			inside = from <= addr && addr < to
		}
		if flags, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok && inside {
			return strings.Fields(flags)
		}
	}
	if err := lines.Err(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Skip("the system does not tell the flags of a mapping")
	return nil
}

// TestHugePagesAreAskedFor: for a large region once it has grown, for all of it
// that was reserved, and for no other.
func TestHugePagesAreAskedFor(t *testing.T) {
	if modes, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled"); err != nil {
		t.Skip(err)
	} else if strings.Contains(string(modes), "[never]") {
		t.Skip("the system has no huge pages")
	}
	s := reserveModel(t, 32<<20, 128<<20, 128<<20)
	s.r.SmallPages()
	small, large := *s, *s
	small.r, large.r = s.s.Region(0), s.s.Region(1)
	asked := func(m *model, h uint64) bool {
		t.Helper()
		return slices.Contains(m.flagsOf(h), "hg")
	}
	if large.take(64 << 10); asked(&large, uint64(large.r.top)-1) || large.r.huge {
		t.Error("huge pages were asked for a region of 64 KiB")
	}
	for range 2 {
		for _, m := range []*model{&small, &large, s} {
			m.take(8 << 20)
			for _, h := range []uint64{uint64(m.r.start), uint64(m.r.top) - 1, m.r.limit - 1} {
				if got, want := asked(m, h), m == &large; got != want || m.r.huge != want {
					t.Errorf("at %d of %d bytes: huge pages were asked for %v, noted %v, want %v",
						(h-uint64(m.r.start))*Unit, (m.r.limit-uint64(m.r.start))*Unit, got, m.r.huge, want)
				}
			}
		}
	}
	for _, m := range []*model{&small, &large} {
		m.check()
	}
}
