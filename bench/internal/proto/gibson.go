package proto

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// Gibson is this project's protocol, which docs/protocol.md describes.
type Gibson struct{}

// Gibson's opcodes, as far as benchmarks send them.
const (
	OpSet     = 1
	OpGet     = 3
	OpMSet    = 9
	OpMTTL    = 10
	OpMGet    = 11
	OpMDel    = 12
	OpMLock   = 15
	OpMUnlock = 16
	OpCount   = 17
	OpStats   = 18
	OpPing    = 19
	OpKeys    = 21
)

const gibsonHeader = 7 // u16 code, u8 encoding, u32 size

// Name returns "gibson".
func (Gibson) Name() string { return "gibson" }

// Append appends a request with any opcode and payload.
func (Gibson) Append(dst []byte, op uint16, payload string) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(2+len(payload)))
	dst = binary.LittleEndian.AppendUint16(dst, op)
	return append(dst, payload...)
}

// AppendGet appends a GET.
func (Gibson) AppendGet(dst, key []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(2+len(key)))
	dst = binary.LittleEndian.AppendUint16(dst, OpGet)
	return append(dst, key...)
}

// AppendSet appends a SET.
func (Gibson) AppendSet(dst, key, value []byte, ttl int) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, OpSet, 0)
	dst = strconv.AppendInt(dst, int64(ttl), 10)
	dst = append(dst, ' ')
	dst = append(dst, key...)
	dst = append(dst, ' ')
	dst = append(dst, value...)
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

// Next describes the first reply in b. SET answers with the value, too.
func (Gibson) Next(b []byte) (Reply, int, error) {
	if len(b) < gibsonHeader {
		return Reply{}, 0, nil
	}
	size := int(binary.LittleEndian.Uint32(b[3:]))
	n := gibsonHeader + size
	if len(b) < n {
		return Reply{}, 0, nil
	}
	switch code := binary.LittleEndian.Uint16(b); code {
	case 6: // VAL
		if b[2] != 2 {
			return Reply{Kind: Value, Size: size, Data: gibsonHeader}, n, nil
		}
		if size != 8 {
			return Reply{}, 0, fmt.Errorf("gibson: number of %d bytes, want 8", size)
		}
		return Reply{Kind: Number, Size: int(binary.LittleEndian.Uint64(b[gibsonHeader:]))}, n, nil
	case 7: // KVAL
		if size < 4 {
			return Reply{}, 0, fmt.Errorf("gibson: pairs of %d bytes, want at least 4", size)
		}
		return Reply{Kind: Many, Size: int(binary.LittleEndian.Uint32(b[gibsonHeader:])), Data: gibsonHeader}, n, nil
	case 5: // OK
		return Reply{Kind: Done}, n, nil
	case 1: // NOT_FOUND
		return Reply{Kind: Missing}, n, nil
	case 0, 2, 3, 4: // ERR NAN MEM LOCKED
		return Reply{Kind: Refused, Size: int(code)}, n, nil
	default:
		return Reply{}, 0, fmt.Errorf("gibson: reply code %d in %q", code, clip(b))
	}
}

// Refusals of a Gibson server, in Reply.Size of a Refused reply.
const (
	GibsonErr    = 0
	GibsonNaN    = 2
	GibsonMem    = 3
	GibsonLocked = 4
)
