package wire

import (
	"encoding/binary"
	"math"
)

// Request is one parsed request. Payload aliases the bytes that were parsed
// and is as long-lived as they are.
type Request struct {
	Op      Opcode
	Payload []byte
}

// ParseRequest parses the request at the beginning of b and returns it with
// the number of bytes it takes. maxSize bounds the length field; zero or less
// stands for DefaultMaxRequestSize.
//
// The error is ErrShort while bytes are missing, or ErrLength, which the
// length field alone decides: nothing need be buffered for a request that will
// be refused. With an error n is 0. Opcodes are not judged here.
func ParseRequest(b []byte, maxSize int) (req Request, n int, err error) {
	if len(b) < HeaderSize {
		return Request{}, 0, ErrShort
	}
	// In 64 bits, so that no length wraps where int has 32.
	length := uint64(binary.LittleEndian.Uint32(b))
	if length < MinLength || length > uint64(orDefault(maxSize, DefaultMaxRequestSize)) {
		return Request{}, 0, ErrLength
	}
	if uint64(len(b)-HeaderSize) < length {
		return Request{}, 0, ErrShort
	}
	n = HeaderSize + int(length)
	return Request{
		Op:      Opcode(binary.LittleEndian.Uint16(b[HeaderSize:])),
		Payload: b[HeaderSize+MinLength : n : n],
	}, n, nil
}

// AppendRequest appends the request of op with args, joined by one space, and
// returns the extended slice. It checks neither the number of arguments nor
// what they hold: a key with a space in it becomes two arguments.
func AppendRequest(dst []byte, op Opcode, args ...[]byte) []byte {
	start := len(dst)
	dst = BeginRequest(dst, op)
	for i, arg := range args {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, arg...)
	}
	return EndRequest(dst, start)
}

// BeginRequest appends the length field, still zero, and the opcode of a
// request. Append the payload, then call EndRequest with the length that dst
// had before:
//
//	start := len(buf)
//	buf = wire.BeginRequest(buf, wire.OpGet)
//	buf = append(buf, key...)
//	buf = wire.EndRequest(buf, start)
func BeginRequest(dst []byte, op Opcode) []byte {
	return append(dst, 0, 0, 0, 0, byte(op), byte(op>>8))
}

// EndRequest fills in the length field of the request that begins at
// dst[start] and ends with dst, and returns dst. A request beyond 4 GiB, which
// the field cannot hold, gets the largest length there is: every server
// refuses that.
func EndRequest(dst []byte, start int) []byte {
	length := min(uint64(len(dst)-start-HeaderSize), math.MaxUint32)
	binary.LittleEndian.PutUint32(dst[start:], uint32(length))
	return dst
}
