package cache

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/gogibson/gibson/internal/value"
)

// content is a value in the form in which an item stores it.
type content struct {
	encoding encoding
	data     []byte // unless a number
	num      int64
}

func (v *content) size() int {
	if v.encoding == number {
		return numberSize
	}
	return len(v.data)
}

// write puts the content into dst, which is v.size() long.
func (v *content) write(dst []byte) {
	if v.encoding == number {
		binary.LittleEndian.PutUint64(dst, uint64(v.num))
		return
	}
	copy(dst, v.data)
}

// squeeze holds the buffers in which values are compressed, decompressed and
// held while the tree changes. What is in them is valid until the next call
// that uses the same buffer.
type squeeze struct {
	limit  int // longer values are neither compressed nor believed
	packed []byte
	opened []byte
	held   []byte
}

// keptBuffer is the size above which a buffer is not kept for the next batch.
const keptBuffer = 256 << 10

// trim gives large buffers back.
func (s *squeeze) trim() {
	if max(cap(s.packed), cap(s.opened), cap(s.held)) > keptBuffer {
		s.drop()
	}
}

// drop is the rest of trim, apart so that trim costs no call.
func (s *squeeze) drop() {
	for _, b := range []*[]byte{&s.packed, &s.opened, &s.held} {
		if cap(*b) > keptBuffer {
			*b = nil
		}
	}
}

// hold copies b to where a change of the tree does not reach it.
func (s *squeeze) hold(b []byte) []byte {
	s.held = append(s.held[:0], b...)
	return s.held
}

// pack makes val the content of v: compressed if it is longer than threshold
// and becomes shorter by it. v then aliases val or the buffer.
func (s *squeeze) pack(v *content, val []byte, threshold int) {
	v.encoding, v.data = plain, val
	if threshold >= 0 && len(val) > threshold {
		s.compress(v)
	}
}

// compress compresses the content, if it may be and becomes shorter by it.
func (s *squeeze) compress(v *content) {
	val := v.data
	if len(val) > s.limit {
		return
	}
	if n := s2.MaxEncodedLen(len(val)); cap(s.packed) < n {
		s.packed = make([]byte, n)
	}
	packed := s2.Encode(s.packed[:cap(s.packed)], val)
	if len(packed) < len(val) {
		v.encoding, v.data = compressed, packed
	}
}

// unpack returns the bytes of a text item, compressed or not. They alias the
// record or the buffer.
func (s *squeeze) unpack(it item) ([]byte, error) {
	if it.encoding() != compressed {
		return it.value(), nil
	}
	opened, err := s.appendText(s.opened[:0], it)
	if err != nil {
		return nil, err
	}
	s.opened = opened
	return opened, nil
}

// appendText appends the bytes of a text item to dst, decompressed. It does
// not use the buffers, so many goroutines may call it at once.
func (s *squeeze) appendText(dst []byte, it item) ([]byte, error) {
	stored := it.value()
	if it.encoding() != compressed {
		return append(dst, stored...), nil
	}
	n, err := s2.DecodedLen(stored)
	switch {
	case err != nil:
	case n > s.limit:
		err = fmt.Errorf("%d bytes, want at most %d", n, s.limit)
	default:
		used := len(dst)
		dst = slices.Grow(dst, n)
		if _, err = s2.Decode(dst[used:used+n], stored); err == nil {
			return dst[:used+n], nil
		}
	}
	return dst, fmt.Errorf("gibson: cache: stored value does not decompress: %w", err)
}

// value returns what the item holds, its bytes as unpack does.
func (s *squeeze) value(it item) (Value, error) {
	if it.encoding() == number {
		return value.Number(it.number()), nil
	}
	b, err := s.unpack(it)
	return value.Bytes(b), err
}

// integer returns the item's value as a number, if it is one or its text reads
// as one.
func (s *squeeze) integer(it item) (int64, bool) {
	if it.encoding() == number {
		return it.number(), true
	}
	b, err := s.unpack(it)
	if err != nil {
		return 0, false
	}
	return value.ParseInt(b)
}

// unpackedSize returns the length of a compressed item's value before it was
// compressed.
func unpackedSize(it item) int64 {
	n, err := s2.DecodedLen(it.value())
	if err != nil {
		return 0
	}
	return int64(n)
}
