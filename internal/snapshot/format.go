package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// The errors of reading, to be matched with errors.Is.
var (
	// ErrDamaged says that a file is not a snapshot, or not as it was written.
	ErrDamaged = errors.New("snapshot: damaged")
	// ErrNewer says that a file is of a version that this program does not know.
	ErrNewer = errors.New("snapshot: written by a newer program")
)

// Version is the version of the format.
const Version = 1

const (
	magic       = "\x8aGibson\n"
	mark        = "Blk\xb5"
	headerSize  = 32
	endBodySize = 28

	kindItems = 'I'
	kindEnd   = 'E'

	codecNone = 0
	codecZstd = 1

	// blockSize is how long the body of a block is, before it is compressed,
	// unless its one record is longer.
	blockSize = 128 << 10
	// maxPacked is the length of the longest body that may be compressed: what
	// a few bytes can make the reader allocate.
	maxPacked = 4 << 20
	// maxBody is the length of the longest body: the longest key and the
	// longest value that any cache can have, and the rest of a record.
	maxBody = 1<<30 + 16<<20 + 1<<10
)

// fileHeader is the header of a file.
type fileHeader struct {
	version uint32
	written int64
	salt    uint32
}

func (h *fileHeader) append(dst []byte) []byte {
	n := len(dst)
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, h.version)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.written))
	dst = binary.LittleEndian.AppendUint32(dst, h.salt)
	return binary.LittleEndian.AppendUint32(dst, checksum(0, dst[n:]))
}

func parseFileHeader(b []byte) (h fileHeader, err error) {
	if string(b[:8]) != magic {
		return h, fmt.Errorf("%w: it does not begin as a snapshot does", ErrDamaged)
	}
	if checksum(0, b[:28]) != binary.LittleEndian.Uint32(b[28:]) {
		return h, fmt.Errorf("%w: the checksum of its header is wrong", ErrDamaged)
	}
	h.version = binary.LittleEndian.Uint32(b[8:])
	h.written = int64(binary.LittleEndian.Uint64(b[16:]))
	h.salt = binary.LittleEndian.Uint32(b[24:])
	switch {
	case h.version > Version:
		return h, fmt.Errorf("%w: it is of version %d, want at most %d", ErrNewer, h.version, Version)
	case h.version == 0 || binary.LittleEndian.Uint32(b[12:]) != 0:
		return h, fmt.Errorf("%w: its header makes no sense", ErrDamaged)
	}
	return h, nil
}

// blockHeader is the header of a block.
type blockHeader struct {
	kind, codec byte
	number      uint32
	items       uint32
	stored, raw uint32
	body        uint32 // checksum
}

// put writes the header to the first headerSize bytes of b.
func (h *blockHeader) put(b []byte, salt uint32) {
	copy(b, mark)
	b[4], b[5], b[6], b[7] = h.kind, h.codec, 0, 0
	for i, v := range [...]uint32{h.number, h.items, h.stored, h.raw, h.body} {
		binary.LittleEndian.PutUint32(b[8+4*i:], v)
	}
	binary.LittleEndian.PutUint32(b[28:], checksum(salt, b[:28]))
}

func parseBlockHeader(b []byte, salt uint32) (blockHeader, error) {
	if string(b[:4]) != mark || checksum(salt, b[:28]) != binary.LittleEndian.Uint32(b[28:]) {
		return blockHeader{}, errors.New("the checksum of its header is wrong")
	}
	h := blockHeader{
		kind: b[4], codec: b[5],
		number: binary.LittleEndian.Uint32(b[8:]),
		items:  binary.LittleEndian.Uint32(b[12:]),
		stored: binary.LittleEndian.Uint32(b[16:]),
		raw:    binary.LittleEndian.Uint32(b[20:]),
		body:   binary.LittleEndian.Uint32(b[24:]),
	}
	ok := b[6] == 0 && b[7] == 0
	switch {
	case h.kind == kindItems && h.codec == codecNone:
		ok = ok && h.stored == h.raw && h.raw <= maxBody
	case h.kind == kindItems && h.codec == codecZstd:
		ok = ok && h.stored < h.raw && h.raw <= maxPacked
	case h.kind == kindEnd:
		ok = ok && h.codec == codecNone && h.items == 0 && h.stored == endBodySize && h.raw == endBodySize
	default:
		ok = false
	}
	// Many records in a long body would take a multiple of its memory.
	if !ok || h.raw > blockSize && h.items > 1 {
		return h, errors.New("its header makes no sense")
	}
	return h, nil
}

// Totals are what a file has in it.
type Totals struct {
	Items  int64 // records
	Blocks int64 // blocks of items
	Bytes  int64 // of records, before they are compressed
	Size   int64 // of the whole file

	Written time.Time // when the writing began, by the clock of who wrote
}

func (t *Totals) appendBody(dst []byte, salt uint32) []byte {
	for _, n := range [...]int64{t.Items, t.Blocks, t.Bytes} {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
	}
	return binary.LittleEndian.AppendUint32(dst, salt)
}

// checksum is the CRC-32C of b, begun with salt.
func checksum(salt uint32, b []byte) uint32 {
	return crc32.Update(salt, crc32.MakeTable(crc32.Castagnoli), b)
}
