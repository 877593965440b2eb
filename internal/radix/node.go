package radix

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/gogibson/gibson/internal/arena"
)

// The first word of a node. Bits 0 and 1 belong to the arena.
const (
	nodeRange       = 1 << 2 // range node; sorted node otherwise
	nodeTerm        = 1 << 3 // a key ends here: its leaf stands in the last slot
	nodePrefixShift = 4      // 8 bits: length of the prefix
	nodeLoShift     = 12     // 8 bits: range: the lowest byte; sorted: children - 1
	nodeSpanShift   = 20     // 8 bits: range: highest - lowest byte; sorted: room - 1
	byteMask        = 1<<8 - 1

	// The distances of the fixed fields from a node's start.
	nodeItems  = 4
	nodeWeight = 8 // 48 bits; above them, in a range node, 16 bits: children
	nodeHeader = 16

	weightBits = 48
	weightMask = 1<<weightBits - 1

	// maxPrefix is the longest prefix of a node.
	maxPrefix = byteMask
)

// A node is the first word of a node: all that is needed to find the parts.
type node uint32

func nodeAt(p unsafe.Pointer) node { return node(*(*uint32)(p)) }

func (n node) isRange() bool { return n&nodeRange != 0 }

func (n node) hasTerm() bool { return n&nodeTerm != 0 }

func (n node) prefixLen() int { return int(n >> nodePrefixShift & byteMask) }

// lo is the lowest byte of a range node.
func (n node) lo() int { return int(n >> nodeLoShift & byteMask) }

// slots is the number of slots for children.
func (n node) slots() int { return int(n>>nodeSpanShift&byteMask) + 1 }

// sorted is the number of children of a sorted node.
func (n node) sorted() int { return int(n>>nodeLoShift&byteMask) + 1 }

func pad4(n int) int { return (n + 3) &^ 3 }

// keys is where the keys of a sorted node begin.
func (n node) keys() int { return nodeHeader + pad4(n.prefixLen()) }

// children is where the slots begin.
func (n node) children() int {
	if n.isRange() {
		return n.keys()
	}
	return n.keys() + pad4(n.slots())
}

// term is where the slot of the key is that ends here, if hasTerm.
func (n node) term() int { return n.children() + 4*n.slots() }

// size is the number of bytes of the node.
func (n node) size() int {
	size := n.term()
	if n.hasTerm() {
		size += 4
	}
	return size
}

// prefixOf returns the prefix of the node at p.
func (n node) prefixOf(p unsafe.Pointer) []byte { return bytesAt(p, nodeHeader, n.prefixLen()) }

// setNode writes the first word of the node at p.
func setNode(p unsafe.Pointer, n node) {
	w := (*uint32)(p)
	*w = *w&arena.Bits | uint32(n)&^uint32(arena.Bits)
}

func slotAt(p unsafe.Pointer, off int) *handle { return (*handle)(unsafe.Add(p, off)) }

func itemsOf(p unsafe.Pointer) *uint32 { return (*uint32)(unsafe.Add(p, nodeItems)) }

func weightOf(p unsafe.Pointer) *uint64 { return (*uint64)(unsafe.Add(p, nodeWeight)) }

// count returns the number of children of the node at p.
func (n node) count(p unsafe.Pointer) int {
	if n.isRange() {
		return int(*weightOf(p) >> weightBits)
	}
	return n.sorted()
}

// width is the number of slots that may be in use.
func (n node) width() int {
	if n.isRange() {
		return n.slots()
	}
	return n.sorted()
}

// entries is count, and one more if a key ends at the node.
func (n node) entries(p unsafe.Pointer) int {
	if n.hasTerm() {
		return n.count(p) + 1
	}
	return n.count(p)
}

// slot returns where the slot of child c is in the node at p, 0 if the node
// has none. The slot of a range node may hold 0.
func (n node) slot(p unsafe.Pointer, c byte) int {
	if n.isRange() {
		i := int(c) - n.lo()
		if uint(i) >= uint(n.slots()) {
			return 0
		}
		return n.keys() + 4*i
	}
	i := find(p, n.keys(), n.sorted(), c)
	if i < 0 {
		return 0
	}
	return n.children() + 4*i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// find returns the index of c among the n ascending keys at p+off, -1 if it
// is not there. It reads whole words: what lies behind the keys in a node is
// at least as long.
func find(p unsafe.Pointer, off, n int, c byte) int {
	pattern := ones * uint64(c)
	for i := 0; i < n; i += 8 {
		w := word(p, off+i) ^ pattern
		if hit := (w - ones) &^ w & highs; hit != 0 {
			// The lowest hit is exact; the ones above it may not be.
			i += bits.TrailingZeros64(hit) / 8
			if i < n {
				return i
			}
			return -1
		}
	}
	return -1
}

// word returns the 8 bytes at p+off, the first in the lowest bits.
func word(p unsafe.Pointer, off int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(p, off))[:])
}

// below returns the number of keys of the node at p that are less than c.
func (n node) below(p unsafe.Pointer, c byte) int {
	for i, k := range bytesAt(p, n.keys(), n.sorted()) {
		if k >= c {
			return i
		}
	}
	return n.sorted()
}

// sortedNode returns the first word of a sorted node with room for at least
// so many children: as many as its block can take anyhow.
func sortedNode(prefixLen, children, room int, term bool) node {
	n := node(prefixLen<<nodePrefixShift | (children-1)<<nodeLoShift | (room-1)<<nodeSpanShift)
	if term {
		n |= nodeTerm
	}
	for size := arena.Size(n.size()); n.slots() < 256; {
		wider := n + 1<<nodeSpanShift
		if arena.Size(wider.size()) != size {
			break
		}
		n = wider
	}
	return n
}

// rangeNode returns the first word of a range node for the bytes lo to hi,
// or one more if its block has a slot to spare.
func rangeNode(prefixLen, lo, hi int, term bool) node {
	n := node(nodeRange | prefixLen<<nodePrefixShift | lo<<nodeLoShift | (hi-lo)<<nodeSpanShift)
	if term {
		n |= nodeTerm
	}
	if size := n.size(); size != arena.Size(size) && hi < 255 {
		n += 1 << nodeSpanShift
	}
	return n
}
