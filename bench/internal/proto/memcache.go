package proto

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
)

// MemcacheMeta is memcached's meta protocol (mg, ms), the newest of its three.
type MemcacheMeta struct{}

// Name returns "memcached meta".
func (MemcacheMeta) Name() string { return "memcached meta" }

// AppendGet appends an mg that asks for the value only.
func (MemcacheMeta) AppendGet(dst, key []byte) []byte {
	dst = append(dst, "mg "...)
	dst = append(dst, key...)
	return append(dst, " v\r\n"...)
}

// AppendSet appends an ms.
func (MemcacheMeta) AppendSet(dst, key, value []byte, ttl int) []byte {
	dst = append(dst, "ms "...)
	dst = append(dst, key...)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, int64(len(value)), 10)
	if ttl != 0 {
		dst = append(dst, " T"...)
		dst = strconv.AppendInt(dst, int64(ttl), 10)
	}
	dst = append(dst, '\r', '\n')
	dst = append(dst, value...)
	return append(dst, '\r', '\n')
}

// Next describes the first reply in b.
func (MemcacheMeta) Next(b []byte) (Reply, int, error) {
	i := bytes.IndexByte(b[:min(len(b), 64)], '\n')
	switch {
	case i < 0 && len(b) < 64:
		return Reply{}, 0, nil
	case i < 3 || b[i-1] != '\r':
		return Reply{}, 0, fmt.Errorf("memcached meta: no line in %q", clip(b))
	}
	switch line := b[:i-1]; {
	case line[0] == 'V' && line[1] == 'A':
		size, n, err := memcacheValue(b, line[2:], i+1)
		if err != nil || n == 0 {
			return Reply{}, 0, err
		}
		return Reply{Kind: Value, Size: size, Data: i + 1}, n, nil
	case string(line) == "HD":
		return Reply{Kind: Done}, i + 1, nil
	case string(line) == "EN":
		return Reply{Kind: Missing}, i + 1, nil
	case string(line) == "NS", memcacheError(line):
		return Reply{Kind: Refused}, i + 1, nil
	}
	return Reply{}, 0, fmt.Errorf("memcached meta: unknown reply %q", clip(b))
}

// MemcacheText is memcached's classic text protocol.
type MemcacheText struct{}

// Name returns "memcached text".
func (MemcacheText) Name() string { return "memcached text" }

// AppendGet appends a get of one key.
func (MemcacheText) AppendGet(dst, key []byte) []byte {
	dst = append(dst, "get "...)
	dst = append(dst, key...)
	return append(dst, '\r', '\n')
}

// AppendSet appends a set.
func (MemcacheText) AppendSet(dst, key, value []byte, ttl int) []byte {
	dst = append(dst, "set "...)
	dst = append(dst, key...)
	dst = append(dst, " 0 "...)
	dst = strconv.AppendInt(dst, int64(ttl), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, int64(len(value)), 10)
	dst = append(dst, '\r', '\n')
	dst = append(dst, value...)
	return append(dst, '\r', '\n')
}

// textEnd ends a reply to get.
const textEnd = "END\r\n"

// Next describes the first reply in b.
func (MemcacheText) Next(b []byte) (Reply, int, error) {
	i := bytes.IndexByte(b[:min(len(b), 2048)], '\n')
	switch {
	case i < 0 && len(b) < 2048:
		return Reply{}, 0, nil
	case i < 3 || b[i-1] != '\r':
		return Reply{}, 0, fmt.Errorf("memcached text: no line in %q", clip(b))
	}
	switch line := b[:i-1]; {
	case bytes.HasPrefix(line, []byte("VALUE ")):
		size, n, err := memcacheValue(b, line[bytes.LastIndexByte(line, ' '):], i+1)
		if err != nil || n == 0 || len(b) < n+len(textEnd) {
			return Reply{}, 0, err
		}
		if string(b[n:n+len(textEnd)]) != textEnd {
			return Reply{}, 0, fmt.Errorf("memcached text: no END behind the value but %q", clip(b[n:]))
		}
		return Reply{Kind: Value, Size: size, Data: i + 1}, n + len(textEnd), nil
	case string(line) == "STORED":
		return Reply{Kind: Done}, i + 1, nil
	case string(line) == "END":
		return Reply{Kind: Missing}, i + 1, nil
	case string(line) == "NOT_STORED", memcacheError(line):
		return Reply{Kind: Refused}, i + 1, nil
	}
	return Reply{}, 0, fmt.Errorf("memcached text: unknown reply %q", clip(b))
}

// memcacheError reports whether line is one of memcached's error lines.
func memcacheError(line []byte) bool {
	return bytes.HasPrefix(line, []byte("SERVER_ERROR")) || bytes.HasPrefix(line, []byte("CLIENT_ERROR")) ||
		bytes.Equal(line, []byte("ERROR"))
}

// memcacheValue reads " 100" out of a value's first line and returns that
// size and where the value's own line ends in b, 0 if b ends before. The
// value begins at data.
func memcacheValue(b, text []byte, data int) (size, n int, err error) {
	digits := 0
	for i, c := range text {
		switch {
		case c == ' ' && i == 0:
			continue
		case c >= '0' && c <= '9' && digits < 10:
			size, digits = size*10+int(c-'0'), digits+1
			continue
		case c == ' ' && digits > 0: // flags follow
		default:
			return 0, 0, fmt.Errorf("memcached: bad value size in %q", clip(b))
		}
		break
	}
	if digits == 0 {
		return 0, 0, fmt.Errorf("memcached: no value size in %q", clip(b))
	}
	end := data + size + 2
	if len(b) < end {
		return 0, 0, nil
	}
	if b[end-2] != '\r' || b[end-1] != '\n' {
		return 0, 0, fmt.Errorf("memcached: value of %d bytes without an end in %q", size, clip(b))
	}
	return size, end, nil
}

// MemcacheBinary is memcached's binary protocol.
type MemcacheBinary struct{}

const binaryHeader = 24

// Name returns "memcached binary".
func (MemcacheBinary) Name() string { return "memcached binary" }

// AppendGet appends a Get (opcode 0).
func (MemcacheBinary) AppendGet(dst, key []byte) []byte {
	dst = binaryRequest(dst, 0, len(key), 0, len(key))
	return append(dst, key...)
}

// AppendSet appends a Set (opcode 1).
func (MemcacheBinary) AppendSet(dst, key, value []byte, ttl int) []byte {
	dst = binaryRequest(dst, 1, len(key), 8, len(key)+8+len(value))
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(ttl))
	dst = append(dst, key...)
	return append(dst, value...)
}

func binaryRequest(dst []byte, op byte, key, extras, body int) []byte {
	dst = append(dst, 0x80, op)
	dst = binary.BigEndian.AppendUint16(dst, uint16(key))
	dst = append(dst, byte(extras), 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(body))
	return append(dst, make([]byte, 12)...) // opaque and CAS
}

// Next describes the first reply in b.
func (MemcacheBinary) Next(b []byte) (Reply, int, error) {
	if len(b) < binaryHeader {
		return Reply{}, 0, nil
	}
	if b[0] != 0x81 {
		return Reply{}, 0, fmt.Errorf("memcached binary: no reply but %q", clip(b))
	}
	body := int(binary.BigEndian.Uint32(b[8:]))
	n := binaryHeader + body
	if len(b) < n {
		return Reply{}, 0, nil
	}
	switch status := binary.BigEndian.Uint16(b[6:]); {
	case status == 1:
		return Reply{Kind: Missing}, n, nil
	case status != 0:
		return Reply{Kind: Refused, Size: int(status)}, n, nil
	case b[1] != 0: // all but Get
		return Reply{Kind: Done}, n, nil
	}
	skip := int(b[4]) + int(binary.BigEndian.Uint16(b[2:]))
	if skip > body {
		return Reply{}, 0, fmt.Errorf("memcached binary: extras and key of %d bytes in a body of %d", skip, body)
	}
	return Reply{Kind: Value, Size: body - skip, Data: binaryHeader + skip}, n, nil
}
