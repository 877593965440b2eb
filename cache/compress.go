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
//
// Those that large values have grown stay for a while: made anew for each value of
// a stream, they were most of what there was to collect, and were cleared under the
// cache's lock.
type squeeze struct {
	limit  int // longer values are neither compressed nor believed
	packed []byte
	opened []byte
	held   []byte // small: longer values than roomyValue need not be held
	wanted bool   // either of packed and opened was to be large since the last trim
	last   int64  // when trim saw that last, for both of them, in milliseconds
}

const (
	// keptBuffer is the size up to which any buffer of a cache is kept for good.
	keptBuffer = 256 << 10
	// keptMost and keptShare bound the values for which squeeze keeps larger ones:
	// to so many bytes, and to that part of MaxMemory.
	keptMost  = 4 << 20
	keptShare = 128
	// keptFor is how long, at the least, both of them are kept after one was needed,
	// in milliseconds.
	keptFor = 1000
)

// mostKept is the size above which a buffer of squeeze does not outlast its batch.
// Where the time is the caller's, nobody would come to give it back later.
func (c *Cache) mostKept() int {
	if c.set.ownTime {
		return keptBuffer
	}
	// What values of just that size are compressed into is a little longer.
	return max(keptBuffer, s2.MaxEncodedLen(int(min(keptMost, c.set.MaxMemory/keptShare))))
}

// large reports whether a buffer is larger than those that are kept for good.
func (s *squeeze) large() bool {
	return max(cap(s.packed), cap(s.opened)) > keptBuffer
}

// trim gives buffers of more than most bytes back, and all large ones if none has been
// needed for keptFor. It need not be called while none is large.
func (s *squeeze) trim(ms int64, most int) {
	if s.wanted {
		s.wanted, s.last = false, ms
	}
	if ms-s.last >= keptFor {
		most = keptBuffer
	}
	for _, b := range []*[]byte{&s.packed, &s.opened} {
		if cap(*b) > most {
			*b = nil
		}
	}
}

// room makes b, which is packed or opened, long enough for n bytes. What is in it is
// lost.
func (s *squeeze) room(b *[]byte, n int) {
	if n > keptBuffer {
		s.wanted = true
	}
	if cap(*b) < n {
		// Not each of a stream of values that become longer needs another one.
		*b = make([]byte, max(n, min(cap(*b)+cap(*b)/4, keptBuffer)))
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
	s.room(&s.packed, s2.MaxEncodedLen(len(val)))
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
	if n, err := s2.DecodedLen(it.value()); err == nil && n <= s.limit {
		s.room(&s.opened, n)
	}
	opened, err := s.appendText(s.opened[:0], it)
	if err != nil {
		return nil, err
	}
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
