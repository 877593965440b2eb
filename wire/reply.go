package wire

import (
	"encoding/binary"
	"fmt"

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

// protocolErrorf returns a *ProtocolError with that message.
func protocolErrorf(format string, args ...any) error {
	return &ProtocolError{Msg: fmt.Sprintf(format, args...)}
}
