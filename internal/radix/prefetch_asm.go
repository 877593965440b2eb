//go:build amd64 || arm64

package radix

import "unsafe"

// prefetch asks the processor to bring what p points at into its cache, and
// does not wait for it: the lines of the first 56 bytes, which is a node of ten
// digits without a prefix. It may point anywhere.
//
//go:noescape
func prefetch(p unsafe.Pointer)
