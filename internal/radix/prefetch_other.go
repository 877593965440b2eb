//go:build !amd64 && !arm64

package radix

import "unsafe"

// prefetch does nothing where there is no instruction for it: the descent that
// follows waits for memory as it would anyway.
func prefetch(unsafe.Pointer) {}
