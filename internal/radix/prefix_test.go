package radix

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestHasPrefix: the words in which prefixes are compared, by their size and by what is
// left of the key.
func TestHasPrefix(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for size := 1; size <= 40; size++ {
		for rest := range 40 {
			for pos := range 3 {
				for flip := range size + 1 {
					key := make([]byte, pos+rest)
					for i := range key {
						key[i] = byte(rng.Uint32())
					}
					prefix := make([]byte, size)
					copy(prefix, key[pos:])
					if flip < size {
						prefix[flip] ^= 1 << rng.IntN(8)
					}
					n := make([]byte, nodeHeader+pad4(size)+8)
					copy(n[nodeHeader:], prefix)
					copy(n[nodeHeader+size:], "what follows")
					got := hasPrefix(unsafe.Pointer(&n[0]), size, key, pos)
					if want := bytes.HasPrefix(key[pos:], prefix); got != want {
						t.Fatalf("%d bytes of prefix, another one at %d, %d of the key from %d on: %v, want %v", size, flip, rest, pos, got, want)
					}
				}
			}
		}
	}
}
