package store

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// warm makes the system take that much memory and free it again. On a virtual
// machine what a process takes first, the host may have to find: milliseconds
// for two megabytes, many times what it costs to store the items that fit into
// them, for some of the stores and not for others. Memory that was freed just
// now is there.
func warm(bytes int) error {
	b, err := unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return fmt.Errorf("take memory ahead: %w", err)
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // faster, where there are huge pages
	for i := 0; i < len(b); i += 4 << 10 {
		b[i] = 1
	}
	return unix.Munmap(b)
}
