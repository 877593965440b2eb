//go:build (amd64 || arm64 || riscv64 || loong64 || ppc64le || s390x) && !arenaheap

package arena

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestReserveWithoutAddressSpace limits the address space of this process to
// what it has and some for the runtime.
func TestReserveWithoutAddressSpace(t *testing.T) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	pages, err := strconv.ParseUint(strings.Fields(string(statm))[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = min(old.Cur, pages*uint64(os.Getpagesize())+4<<30)
	if err := unix.Setrlimit(unix.RLIMIT_AS, &limit); err != nil {
		t.Fatal(err)
	}
	s, err := Reserve(MaxSpace / 2)
	if e := unix.Setrlimit(unix.RLIMIT_AS, &old); e != nil {
		t.Fatal(e)
	}
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, ErrSpace) || !errors.Is(err, unix.ENOMEM) || !strings.Contains(err.Error(), strconv.Itoa(MaxSpace/2)+" bytes") {
		t.Errorf("16 GiB with address space for 4: %v, want ErrSpace, ENOMEM and the size", err)
	}
}

// TestSystemRefusesMemory has the system refuse to make more of a region usable.
// The region is then full, nothing else, and goes on once the system is willing.
func TestSystemRefusesMemory(t *testing.T) {
	const size, half = 8 << 20, 4 << 20
	m := reserveModel(t, size)
	// Pages of a file that may only be read cannot be made writable.
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, half), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	replace := func(fd, flags int) {
		t.Helper()
		if _, err := unix.MmapPtr(fd, 0, unsafe.Add(m.s.base, half), half, unix.PROT_NONE, unix.MAP_FIXED|flags); err != nil {
			t.Fatal(err)
		}
	}
	replace(int(f.Fd()), unix.MAP_SHARED)

	const block = 64 << 10
	fill := func() (n int) {
		t.Helper()
		for {
			b := heldBlock{h: m.r.Alloc(block), size: block, fill: byte(n)}
			if b.h == 0 {
				m.check()
				return n
			}
			m.fill(b)
			m.blocks = append(m.blocks, b)
			n++
		}
	}
	n := fill()
	if n == 0 || n > half/block {
		t.Fatalf("%d blocks of 64 KiB fit 4 MiB", n)
	}
	if h := m.blocks[n-1].h; m.r.Resize(h, block, half) {
		t.Errorf("block %#x has grown into memory that there is not", h)
	}
	m.free(n / 2)
	if again := fill(); again != 1 {
		t.Errorf("%d blocks were found where one was free", again)
	}
	replace(-1, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if more := fill(); n+more < size/block-2 {
		t.Errorf("%d blocks of 64 KiB fit 8 MiB", n+more)
	}
}
