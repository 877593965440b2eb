package wire

import "encoding/binary"

// PairsWriter appends one KVAL reply to a buffer, pair by pair. Use it so:
//
//	w := wire.BeginPairs(buf)
//	w.Append(key, data)
//	buf = w.Finish()
//
// The buffer belongs to the writer between BeginPairs and Finish. The data of
// the whole reply must stay below 4 GiB: see Len.
type PairsWriter struct {
	buf   []byte
	start int // where the reply begins in buf
	count uint32
}

// BeginPairs appends the beginning of a KVAL reply to dst and returns the
// writer of its pairs.
func BeginPairs(dst []byte) PairsWriter {
	start := len(dst)
	dst = appendHeader(dst, CodeKVal, EncodingPlain, 0)
	return PairsWriter{buf: append(dst, 0, 0, 0, 0), start: start}
}

// Append adds a pair whose value is bytes. Both are copied.
func (w *PairsWriter) Append(key, data []byte) {
	w.appendKey(key, EncodingPlain, len(data))
	w.buf = append(w.buf, data...)
}

// AppendNumber adds a pair whose value is a number. key is copied.
func (w *PairsWriter) AppendNumber(key []byte, n int64) {
	w.appendKey(key, EncodingNumber, numberSize)
	w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(n))
}

func (w *PairsWriter) appendKey(key []byte, e Encoding, size int) {
	w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(len(key)))
	w.buf = append(w.buf, key...)
	w.buf = append(w.buf, byte(e), byte(size), byte(size>>8), byte(size>>16), byte(size>>24))
	w.count++
}

// Count returns the number of pairs so far.
func (w *PairsWriter) Count() int { return int(w.count) }

// Len returns the size of the reply's data so far, in bytes: the figure that
// max_response_size bounds.
func (w *PairsWriter) Len() int { return len(w.buf) - w.start - ReplyHeaderSize }

// Move goes on in dst, from its beginning: everything in the buffer so far, what
// came before the reply included, is copied there. It returns the buffer that
// it leaves. dst must not overlap it.
func (w *PairsWriter) Move(dst []byte) (left []byte) {
	left = w.buf
	w.buf = append(dst[:0], left...)
	return left
}

// Finish fills in size and count and returns the buffer, which ends with the
// complete reply. The writer must not be used afterwards.
func (w *PairsWriter) Finish() []byte {
	binary.LittleEndian.PutUint32(w.buf[w.start+3:], uint32(w.Len()))
	binary.LittleEndian.PutUint32(w.buf[w.start+ReplyHeaderSize:], w.count)
	return w.buf
}

// Discard gives the reply up and returns the buffer as it was before
// BeginPairs, with whatever capacity it has grown. The writer must not be used
// afterwards.
func (w *PairsWriter) Discard() []byte { return w.buf[:w.start] }
