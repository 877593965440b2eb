package integration

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// unescape turns the notation of the scripts into bytes: escapes and runs as
// described in the package comment.
func unescape(s string) ([]byte, error) {
	var out []byte
	for len(s) > 0 {
		switch s[0] {
		case '\\':
			b, rest, err := escape(s)
			if err != nil {
				return nil, err
			}
			out, s = append(out, b), rest
		case '{':
			run, rest, err := expandRun(s)
			if err != nil {
				return nil, err
			}
			out, s = append(out, run...), rest
		default:
			out, s = append(out, s[0]), s[1:]
		}
	}
	return out, nil
}

// escape reads one escape at the start of s.
func escape(s string) (b byte, rest string, err error) {
	if len(s) < 2 {
		return 0, "", fmt.Errorf("lone backslash at the end")
	}
	switch s[1] {
	case 's':
		return ' ', s[2:], nil
	case 'n':
		return '\n', s[2:], nil
	case 't':
		return '\t', s[2:], nil
	case '\\', '{', '}', '|', '=', '#':
		return s[1], s[2:], nil
	case 'x':
		if len(s) >= 4 {
			if n, err := strconv.ParseUint(s[2:4], 16, 8); err == nil {
				return byte(n), s[4:], nil
			}
		}
		return 0, "", fmt.Errorf("want two hex digits in %.4q", s)
	}
	return 0, "", fmt.Errorf("unknown escape %.2q", s)
}

// expandRun reads one {text*count} at the start of s.
func expandRun(s string) (run []byte, rest string, err error) {
	end := strings.IndexByte(s, '}')
	star := strings.LastIndexByte(s[:max(end, 0)], '*')
	if end < 0 || star < 0 {
		return nil, "", fmt.Errorf("want {text*count} in %.20q", s)
	}
	count, err := strconv.Atoi(s[star+1 : end])
	if err != nil || count < 0 {
		return nil, "", fmt.Errorf("bad count in %q", s[:end+1])
	}
	if s[1:star] == "random" {
		return incompressible(count), s[end+1:], nil
	}
	unit, err := unescape(s[1:star])
	if err != nil {
		return nil, "", err
	}
	return bytes.Repeat(unit, count), s[end+1:], nil
}

// incompressible returns n bytes without any pattern and without spaces, the
// same ones at every call.
func incompressible(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, n)
	for i := range out {
		for out[i] = ' '; out[i] == ' '; {
			out[i] = byte(rng.Uint32())
		}
	}
	return out
}

// number replaces <i>, <i:03> and <i:02x> in a line of an "each" or "until".
func number(line string, i int) string {
	for {
		start := strings.Index(line, "<i")
		if start < 0 {
			return line
		}
		end := start + strings.IndexByte(line[start:], '>')
		format := "%d"
		if f, ok := strings.CutPrefix(line[start+2:end], ":"); ok {
			if !strings.HasSuffix(f, "x") {
				f += "d"
			}
			format = "%" + f
		}
		line = line[:start] + fmt.Sprintf(format, i) + line[end+1:]
	}
}

// opcodes is the protocol's table, written down once more: the tests must not
// take their numbers from the code they test.
var opcodes = map[string]uint16{
	"SET": 1, "TTL": 2, "GET": 3, "DEL": 4, "INC": 5, "DEC": 6, "LOCK": 7, "UNLOCK": 8,
	"MSET": 9, "MTTL": 10, "MGET": 11, "MDEL": 12, "MINC": 13, "MDEC": 14, "MLOCK": 15, "MUNLOCK": 16,
	"COUNT": 17, "STATS": 18, "PING": 19, "META": 20, "KEYS": 21, "END": 255,
}

// request is one command as a script writes it.
type request struct {
	name    string
	op      uint16
	payload []byte
}

// parseRequest reads "NAME payload" or "OP99 payload".
func parseRequest(s string) (request, error) {
	name, rest, _ := strings.Cut(s, " ")
	op, ok := opcodes[name]
	if digits, numbered := strings.CutPrefix(name, "OP"); numbered && !ok {
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil {
			return request{}, fmt.Errorf("bad opcode in %.20q", s)
		}
		op, ok = uint16(n), true
	}
	if !ok {
		return request{}, fmt.Errorf("unknown command in %.40q", s)
	}
	payload, err := unescape(strings.TrimSpace(rest))
	return request{name: name, op: op, payload: payload}, err
}

// encode returns the request's bytes on the wire.
func (r request) encode() []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(2+len(r.payload)))
	b = binary.LittleEndian.AppendUint16(b, r.op)
	return append(b, r.payload...)
}

// parseBytes reads what a "write" sends: requests and raw bytes separated by
// bars. requests is how many complete requests there were; hex counts as none.
func parseBytes(s string) (out []byte, err error) {
	for part := range strings.SplitSeq(s, " | ") {
		part = strings.TrimSpace(part)
		count := 1
		if n, rest, ok := strings.Cut(part, "*"); ok {
			if c, err := strconv.Atoi(n); err == nil {
				count, part = c, rest
			}
		}
		var piece []byte
		if digits, ok := strings.CutPrefix(part, "hex "); ok {
			piece, err = hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		} else {
			var r request
			r, err = parseRequest(part)
			piece = r.encode()
		}
		if err != nil {
			return nil, err
		}
		out = append(out, bytes.Repeat(piece, count)...)
	}
	return out, nil
}
