package wire

import (
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/gogibson/gibson/internal/value"
)

// Reply is one parsed reply. Data aliases the bytes that were parsed; for the
// codes without data it is whatever byte the server sent.
type Reply struct {
	Code     Code
	Encoding Encoding
	Data     []byte
}

// ParseReply parses the reply at the beginning of b and returns it with the
// number of bytes it takes. maxSize bounds the size field; zero or less stands
// for DefaultMaxResponseSize.
//
// The error is ErrShort while bytes are missing, or a *ProtocolError as soon
// as the bytes cannot be a reply: an unknown code or encoding, a size above
// maxSize or wrong for a number, pairs that do not fill their data exactly.
// All but the pairs are judged from the header alone. With an error n is 0.
func ParseReply(b []byte, maxSize int) (r Reply, n int, err error) {
	r, size, err := parseReplyHeader(b, maxSize)
	if err != nil {
		return Reply{}, 0, err
	}
	if len(b)-ReplyHeaderSize < size {
		return Reply{}, 0, ErrShort
	}
	n = ReplyHeaderSize + size
	r.Data = b[ReplyHeaderSize:n:n]
	if r.Code == CodeKVal {
		if err := checkPairs(r.Data); err != nil {
			return Reply{}, 0, err
		}
	}
	return r, n, nil
}

// parseReplyHeader judges what there is of a reply's header, byte by byte in
// the order of arrival: a header that is wrong is refused as soon as it is,
// and for the same reason however it was cut.
func parseReplyHeader(b []byte, maxSize int) (r Reply, size int, err error) {
	if len(b) < 2 {
		return Reply{}, 0, ErrShort
	}
	r.Code = Code(binary.LittleEndian.Uint16(b))
	if r.Code > CodeKVal {
		return Reply{}, 0, r.Code.Err()
	}
	if len(b) < 3 {
		return Reply{}, 0, ErrShort
	}
	r.Encoding = Encoding(b[2])
	if r.Encoding != EncodingPlain && (r.Encoding != EncodingNumber || r.Code != CodeVal) {
		return Reply{}, 0, protocolErrorf("%v reply with encoding %d", r.Code, b[2])
	}
	if len(b) < ReplyHeaderSize {
		return Reply{}, 0, ErrShort
	}
	size64 := uint64(binary.LittleEndian.Uint32(b[3:]))
	if limit := orDefault(maxSize, DefaultMaxResponseSize); size64 > uint64(limit) {
		return Reply{}, 0, protocolErrorf("%v reply of %d bytes, want at most %d", r.Code, size64, limit)
	}
	size = int(size64)
	switch {
	case r.Encoding == EncodingNumber && size != numberSize && size != number32Size:
		return Reply{}, 0, protocolErrorf("number of %d bytes, want 8 or 4", size)
	case r.Code == CodeKVal && size < countSize:
		return Reply{}, 0, protocolErrorf("KVAL reply of %d bytes, want at least %d", size, countSize)
	}
	return r, size, nil
}

// Err returns the error that the code stands for, nil for success.
func (r Reply) Err() error { return r.Code.Err() }

// Value returns the value of a VAL reply. Its bytes are those of Data. For an
// error reply it returns Err, for other replies a *ProtocolError: the server
// answered another question.
func (r Reply) Value() (value.Value, error) {
	if err := r.Err(); err != nil {
		return value.Value{}, err
	}
	if r.Code != CodeVal {
		return value.Value{}, protocolErrorf("%v reply, want VAL", r.Code)
	}
	if r.Encoding == EncodingNumber {
		return value.Number(decodeNumber(r.Data)), nil
	}
	return value.Bytes(r.Data), nil
}

// Int64 returns the number of a VAL reply. For an error reply it returns Err,
// for other replies, text included, a *ProtocolError.
func (r Reply) Int64() (int64, error) {
	v, err := r.Value()
	if err != nil {
		return 0, err
	}
	n, ok := v.Int64()
	if !ok {
		return 0, protocolErrorf("VAL reply with encoding %v, want NUMBER", r.Encoding)
	}
	return n, nil
}

// PairCount returns the number of pairs of a KVAL reply, 0 for others.
func (r Reply) PairCount() int {
	if r.Code != CodeKVal || len(r.Data) < countSize {
		return 0
	}
	return int(binary.LittleEndian.Uint32(r.Data))
}

// Pairs iterates over the pairs of a KVAL reply in the server's order, and
// over nothing for other replies. Keys and values alias Data.
func (r Reply) Pairs() iter.Seq2[[]byte, value.Value] {
	return func(yield func([]byte, value.Value) bool) {
		rest := r.Data
		for i := range r.PairCount() {
			if i == 0 {
				rest = rest[countSize:]
			}
			p, n, err := parsePair(rest)
			if err != nil {
				return // a Reply that was not parsed but made by hand
			}
			v := value.Bytes(p.data)
			if p.encoding == EncodingNumber {
				v = value.Number(decodeNumber(p.data))
			}
			if !yield(p.key, v) {
				return
			}
			rest = rest[n:]
		}
	}
}

// pair is one pair of a KVAL reply.
type pair struct {
	key, data []byte
	encoding  Encoding
}

// checkPairs reports whether data is a count and exactly that many pairs.
func checkPairs(data []byte) error {
	count := uint64(binary.LittleEndian.Uint32(data))
	rest := data[countSize:]
	if most := uint64(len(rest) / pairOverhead); count > most {
		return protocolErrorf("KVAL reply of %d bytes announces %d pairs, want at most %d", len(data), count, most)
	}
	for range count {
		_, n, err := parsePair(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	if len(rest) != 0 {
		return protocolErrorf("KVAL reply with %d bytes after its last pair", len(rest))
	}
	return nil
}

// parsePair parses the pair at the beginning of b and returns it with the
// number of bytes it takes. Missing bytes are an error: the reply is complete.
func parsePair(b []byte) (p pair, n int, err error) {
	key, rest, ok := parseField(b)
	if !ok || len(rest) == 0 {
		return pair{}, 0, protocolErrorf("KVAL reply ends within a key")
	}
	p.key = key
	p.encoding = Encoding(rest[0])
	if p.encoding != EncodingPlain && p.encoding != EncodingNumber {
		return pair{}, 0, protocolErrorf("KVAL value with encoding %d, want 0 or 2", rest[0])
	}
	data, rest, ok := parseField(rest[1:])
	if !ok {
		return pair{}, 0, protocolErrorf("KVAL reply ends within a value")
	}
	if p.encoding == EncodingNumber && len(data) != numberSize && len(data) != number32Size {
		return pair{}, 0, protocolErrorf("number of %d bytes, want 8 or 4", len(data))
	}
	p.data = data
	return p, len(b) - len(rest), nil
}

// parseField parses a length of four bytes and that many bytes after it.
func parseField(b []byte) (field, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	size := uint64(binary.LittleEndian.Uint32(b))
	if b = b[4:]; size > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:size:size], b[size:], true
}

// decodeNumber decodes a number of eight or four bytes, 0 for other sizes,
// which no parsed reply has.
func decodeNumber(b []byte) int64 {
	switch len(b) {
	case numberSize:
		return int64(binary.LittleEndian.Uint64(b))
	case number32Size:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return 0
}

func protocolErrorf(format string, args ...any) error {
	return &ProtocolError{Msg: fmt.Sprintf(format, args...)}
}
