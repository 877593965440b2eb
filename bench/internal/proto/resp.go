package proto

import (
	"bytes"
	"fmt"
	"strconv"
)

// RESP is Redis's protocol, version 2.
type RESP struct{}

// Name returns "RESP".
func (RESP) Name() string { return "RESP" }

// Append appends any command.
func (RESP) Append(dst []byte, args ...string) []byte {
	dst = respLen(dst, '*', len(args))
	for _, a := range args {
		dst = respLen(dst, '$', len(a))
		dst = append(dst, a...)
		dst = append(dst, '\r', '\n')
	}
	return dst
}

// AppendGet appends a GET.
func (RESP) AppendGet(dst, key []byte) []byte {
	dst = append(dst, "*2\r\n$3\r\nGET\r\n"...)
	return respBulk(dst, key)
}

// AppendSet appends a SET, with EX if ttl is not 0.
func (RESP) AppendSet(dst, key, value []byte, ttl int) []byte {
	if ttl == 0 {
		dst = append(dst, "*3\r\n$3\r\nSET\r\n"...)
		return respBulk(respBulk(dst, key), value)
	}
	dst = append(dst, "*5\r\n$3\r\nSET\r\n"...)
	dst = respBulk(respBulk(dst, key), value)
	dst = append(dst, "$2\r\nEX\r\n"...)
	return respBulk(dst, strconv.AppendInt(nil, int64(ttl), 10))
}

func respLen(dst []byte, kind byte, n int) []byte {
	dst = append(dst, kind)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, '\r', '\n')
}

func respBulk(dst, b []byte) []byte {
	dst = respLen(dst, '$', len(b))
	dst = append(dst, b...)
	return append(dst, '\r', '\n')
}

// Next describes the first reply in b. Arrays may be nested.
func (r RESP) Next(b []byte) (Reply, int, error) {
	// The reply of nearly every benchmark, first and without a search: a bulk
	// string of two or three digits.
	if len(b) >= 6 && b[0] == '$' && b[1] != '-' {
		n, at := 0, 1
		for ; at < len(b) && b[at] >= '0' && b[at] <= '9'; at++ {
			if n = n*10 + int(b[at]-'0'); n > 1<<30 {
				return Reply{}, 0, fmt.Errorf("RESP: length over 1 GiB in %q", clip(b))
			}
		}
		if end := at + 2 + n + 2; at > 1 && len(b) >= end && b[at] == '\r' {
			if b[end-2] != '\r' || b[end-1] != '\n' {
				return Reply{}, 0, fmt.Errorf("RESP: value of %d bytes without an end in %q", n, clip(b))
			}
			return Reply{Kind: Value, Size: n, Data: at + 2}, end, nil
		}
	}
	if len(b) > 0 && bytes.IndexByte([]byte("+-:$*"), b[0]) < 0 {
		return Reply{}, 0, fmt.Errorf("RESP: unknown reply %q", clip(b))
	}
	line, rest, ok := respLine(b)
	if !ok {
		return Reply{}, 0, nil
	}
	head := len(b) - len(rest)
	switch line[0] {
	case '+':
		return Reply{Kind: Done}, head, nil
	case '-':
		return Reply{Kind: Refused}, head, nil
	}
	n, err := strconv.Atoi(string(line[1:]))
	if err != nil {
		return Reply{}, 0, fmt.Errorf("RESP: bad number in %q", clip(b))
	}
	switch {
	case line[0] == ':':
		return Reply{Kind: Number, Size: n}, head, nil
	case n < 0:
		return Reply{Kind: Missing}, head, nil
	case line[0] == '$':
		return Reply{}, 0, nil // a whole one was taken above
	}
	end := head
	for range n {
		_, used, err := r.Next(b[end:])
		if err != nil || used == 0 {
			return Reply{}, 0, err
		}
		end += used
	}
	return Reply{Kind: Many, Size: n, Data: head}, end, nil
}

// respLine returns the first line of b without its end, and what follows.
func respLine(b []byte) (line, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 2 || b[i-1] != '\r' {
		return nil, nil, false
	}
	return b[:i-1], b[i+1:], true
}
