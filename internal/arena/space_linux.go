//go:build linux && (amd64 || arm64 || riscv64 || loong64 || ppc64le || s390x) && !arenaheap

package arena

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages: a random access then misses the address
// translation cache far less often. It reports whether it may get them.
func adviseHuge(b []byte) bool {
	return unix.Madvise(b, unix.MADV_HUGEPAGE) == nil
}

// discard returns the pages of [from, to) to the system; they read as zero
// when they are used again.
func (s *Space) discard(from, to uint64) {
	// A failure costs memory, nothing else.
	_ = unix.Madvise(s.bytes(from, to), unix.MADV_DONTNEED)
}

// populate makes the pages of [from, to) present and reports whether it could:
// Linux can since 5.14. Others may use them meanwhile.
func (s *Space) populate(from, to uint64) bool {
	return unix.Madvise(s.bytes(from, to), unix.MADV_POPULATE_WRITE) == nil
}

// reuse tells the system that discarded pages are about to be used again.
func (s *Space) reuse(_, _ uint64) {}
