package cache

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"
)

// item is an item as the tree stores it: a record of bytes. The key is not in
// it. Words are in the machine's byte order and lie at multiples of 4 bytes.
//
//	 0       4          8         12        16
//	+-------+----------+---------+---------+----------------
//	| flags | accessed | created | [timer] | value
//	+-------+----------+---------+---------+----------------
//
//	flags     bits 0–1   encoding: 0 plain, 1 compressed, 2 number
//	          bit  2     the record has the timer word
//	          bit  3     the index of locks has this key
//	          bit  4     kept for: the value is stale but may still be served
//	          bit  5     the item is in the window of newcomers (evict.go)
//	          bit  6     it was used since it was queued there
//	          bits 8–15  the epoch in which it was used last, modulo 256
//	          bits 16–31 kept for: the version of the value
//	accessed  unix seconds of the last command that read or changed the item;
//	          point reads write it while others read, hence atomically
//	created   unix seconds of the SET (or INC …) that made the item
//	timer     the wheel's number of the timer that ends the item, 0 for none
//	value     plain or compressed bytes, or 8 bytes little endian of a number
//
// The timer word is there when the item has a life, or had one, or when the
// value is so long that 4 bytes do not matter: giving such an item a life is
// then a write in place. An item is valid until the tree changes.
type item []byte

// The flags word.
const (
	encodingMask = 0x3
	flagTimer    = 1 << 2
	flagLocked   = 1 << 3
	flagWindow   = 1 << 5
	flagUsed     = 1 << 6
	epochShift   = 8
	epochs       = 1 << 8
	epochMask    = (epochs - 1) << epochShift
	useMask      = flagWindow | flagUsed | epochMask
)

// encoding is how a value is stored, as META reports it.
type encoding uint32

const (
	plain      encoding = 0
	compressed encoding = 1
	number     encoding = 2
)

const (
	headerSize = 12
	timerSize  = 4
	numberSize = 8
	// roomyValue is the length of a value from which on the timer word is
	// always there.
	roomyValue = 1 << 10
)

// header is the part of an item that is not its value.
type header struct {
	encoding encoding
	timed    bool // the record has the timer word
	locked   bool
	use      uint32 // the bits of useMask: what eviction knows of the item
	accessed uint32
	created  uint32
	timer    uint32
}

// size returns the length of a record with this header and n bytes of value.
func (h *header) size(n int) int {
	if h.timed {
		return headerSize + timerSize + n
	}
	return headerSize + n
}

// word returns the i-th word of the header. The tree aligns records to it.
func (it item) word(i int) *uint32 {
	return (*uint32)(unsafe.Pointer(&it[i*4 : i*4+4][0]))
}

// encode writes the header; the value behind it stays as it is. Like all that
// changes items but touch and mark, it needs the cache for itself; so these are
// plain stores.
func (it item) encode(h *header) {
	flags := uint32(h.encoding) | h.use
	if h.timed {
		flags |= flagTimer
	}
	if h.locked {
		flags |= flagLocked
	}
	*it.word(0) = flags
	*it.word(1) = h.accessed
	*it.word(2) = h.created
	if h.timed {
		*it.word(3) = h.timer
	}
}

// header reads the header.
func (it item) header() header {
	return header{
		encoding: it.encoding(),
		timed:    it.timed(),
		locked:   it.locked(),
		use:      it.use(),
		accessed: it.accessed(),
		created:  it.created(),
		timer:    it.timer(),
	}
}

func (it item) flags() uint32      { return atomic.LoadUint32(it.word(0)) }
func (it item) encoding() encoding { return encoding(it.flags() & encodingMask) }
func (it item) timed() bool        { return it.flags()&flagTimer != 0 }
func (it item) locked() bool       { return it.flags()&flagLocked != 0 }
func (it item) fresh() bool        { return it.flags()&flagWindow != 0 }
func (it item) use() uint32        { return it.flags() & useMask }
func (it item) accessed() uint32   { return atomic.LoadUint32(it.word(1)) }
func (it item) created() uint32    { return atomic.LoadUint32(it.word(2)) }

// timer returns the number of the item's timer, 0 if it has none.
func (it item) timer() uint32 {
	if !it.timed() {
		return 0
	}
	return atomic.LoadUint32(it.word(3))
}

// setTimer writes the timer word, which must be there.
func (it item) setTimer(id uint32) { *it.word(3) = id }

func (it item) setLocked(on bool) {
	f := it.flags() &^ flagLocked
	if on {
		f |= flagLocked
	}
	*it.word(0) = f
}

// touch notes that the item was used. It stores only what changes, so that
// readers of one item on many processors do not fight for its cache line.
func (it item) touch(unix uint32) {
	if it.accessed() != unix {
		atomic.StoreUint32(it.word(1), unix)
	}
}

// setUse replaces the bits of useMask.
func (it item) setUse(use uint32) { *it.word(0) = it.flags()&^useMask | use }

// mark notes the epoch in which the item was used. Readers may call it beside
// each other; what one loses to another does not matter.
func (it item) mark(epoch uint32) {
	p := it.word(0)
	old := atomic.LoadUint32(p)
	now := old&^epochMask | epoch<<epochShift&epochMask | flagUsed
	if now != old {
		atomic.CompareAndSwapUint32(p, old, now)
	}
}

// epoch returns the lowest bits of the epoch in which the item was used last.
func (it item) epoch() uint32 { return it.flags() & epochMask >> epochShift }

// value returns the stored bytes of the value, which alias the record.
func (it item) value() []byte {
	if it.timed() {
		return it[headerSize+timerSize:]
	}
	return it[headerSize:]
}

// number returns the value of an item whose encoding is number.
func (it item) number() int64 { return int64(binary.LittleEndian.Uint64(it.value())) }
