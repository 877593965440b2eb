//go:build darwin && (amd64 || arm64) && !arenaheap

package arena

import "golang.org/x/sys/unix"

// The advice that keeps macOS' accounting exact; x/sys does not name it.
const (
	madvFreeReusable = 7
	madvFreeReuse    = 8
)

// adviseHuge does nothing: macOS chooses page sizes itself.
func adviseHuge([]byte) bool { return false }

// discard returns the pages of [from, to) to the system; their contents are
// undefined when they are used again.
func (s *Space) discard(from, to uint64) {
	// A failure costs memory, nothing else.
	_ = unix.Madvise(s.bytes(from, to), madvFreeReusable)
}

// populate is not needed without huge pages.
func (s *Space) populate(_, _ uint64) bool { return false }

// reuse tells the system that discarded pages are about to be used again.
func (s *Space) reuse(from, to uint64) {
	_ = unix.Madvise(s.bytes(from, to), madvFreeReuse)
}
