//go:build amd64 || arm64

package radix

import "unsafe"

// prefetch asks the processor to bring what p points at into its cache, and does
// not wait for it. That is one line or two of 64 bytes: a block begins at a
// multiple of 8, so that its bytes 0 to 55 lie in those of 0 and 48, which is all
// of a node of ten digits without a prefix. p may be any address.
//
//go:noescape
func prefetch(p unsafe.Pointer)
