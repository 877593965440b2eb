// Package arena keeps blocks of bytes outside the Go heap, where the garbage
// collector neither scans nor counts them.
//
// # Space, regions, handles
//
// A [Space] is one reserved range of addresses, cut into [Region]s when it is
// made. A region hands out blocks; each is named by a [Handle], its distance
// from the base of the space in units of 8 bytes. 32 bits therefore reach
// 32 GiB, a handle takes half the room of a pointer, and the region that a
// block belongs to can be told from the handle by one comparison:
//
//	handle   0     8                  N                          2^32 at most
//	         |-----|---- region 0 ----|------- region 1 --------|
//	         never                     ^ Region(1).Start()
//	         used
//
// On Linux and macOS with 64-bit addresses the whole range is reserved at
// once and made usable in steps, so that a handle becomes an address by one
// multiplication and one addition, and a block may be as large as its region.
// Elsewhere (and with the build tag arenaheap) a table maps each MiB of
// handles to a part of a Go byte slice, and a region grows by such slices.
//
// # Blocks
//
// A block is a whole number of units, and its owner passes the size when it
// gives the block back: a block in use has no header. In exchange the two
// lowest bits of its first word belong to the region:
//
//	in use   | owner's 30 bits            |P|0|  owner's bytes ...            |
//	free     | units (30 bits)            |P|1|  next  |  prev  | ... | units |
//	           word 0                            word 1   word 2    last word
//
// P says that the block before this one is free; its size then stands in the
// word just before this block. So both neighbours of a block can be found
// and joined when it is freed, without a byte of overhead while it is in use.
// A free block of one unit (two words) has room for its two sizes only: it is
// in no list and waits for a neighbour to be freed. Free blocks of 64 KiB and
// more also note which of their pages were returned to the system:
//
//	free, large  | units |P|1| next | prev | - | from | to | ... | units |
//
// Free blocks stand in lists by size: one list for each size up to 63 units,
// then 32 lists for each power of two. An allocation takes from the list of its size
// or from the first non-empty list above it, found in a bitmap: constant
// time. (M. Masmano et al., "TLSF: a new dynamic memory allocator for
// real-time systems", ECRTS 2004, is the source of the idea.)
//
// The space above the highest block is not a block: the region's top moves
// up when no free block fits and down when the highest block is freed.
//
// # Shrinking
//
// Large free runs are returned to the system. To make such runs, an owner
// sets a boundary ([Region.SetBoundary]) and moves blocks that lie above it
// to places below it ([Region.AllocBelow]); meanwhile ordinary allocations
// prefer places below it too.
//
// # Use
//
// Nothing here is safe for concurrent use, except that [Space.At] may be
// called concurrently with itself. Misuse (a double free, a wrong size, use
// after free) is detected in builds with the race detector or with the build
// tag arenadebug, and panics there; other builds do not pay for it.
package arena
