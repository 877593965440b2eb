package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// requests are whole requests with what they hold. The first block is from
// docs/protocol.md, the rest was sent to the original server.
var requests = []struct {
	hex     string
	op      wire.Opcode
	payload string
}{
	{"02000000 1300", wire.OpPing, ""},
	{"0c000000 0100 3630 20 666f6f 20 612062", wire.OpSet, "60 foo a b"},
	{"0f000000 0100 3336303020666f6f20332e3134", wire.OpSet, "3600 foo 3.14"},

	{"0d000000 1300 68656c6c6f207468657265", wire.OpPing, "hello there"},
	{"03000000 1300 20", wire.OpPing, " "},
	{"02000000 0300", wire.OpGet, ""},
	{"05000000 0100 61323a", wire.OpSet, "a2:"},
	{"0a000000 0100 302061323a6b2076", wire.OpSet, "0 a2:k v"},
	{"06000000 0300 61323a6b", wire.OpGet, "a2:k"},
	{"02000000 ff00", wire.OpEnd, ""},
	{"05000000 ffff 666f6f", 0xffff, "foo"}, // unknown, and none of the parser's business
}

func TestParseRequest(t *testing.T) {
	for _, tc := range requests {
		b := unhex(t, tc.hex)
		req, n, err := wire.ParseRequest(b, 0)
		if err != nil || n != len(b) || req.Op != tc.op || string(req.Payload) != tc.payload {
			t.Errorf("ParseRequest(%s) = %v %q, %d, %v, want %v %q, %d, nil",
				tc.hex, req.Op, req.Payload, n, err, tc.op, tc.payload, len(b))
		}
		if cap(req.Payload) != len(req.Payload) {
			t.Errorf("ParseRequest(%s): payload has capacity %d beyond its %d bytes: an append would overwrite the next request",
				tc.hex, cap(req.Payload), len(req.Payload))
		}
	}
}

func TestAppendRequest(t *testing.T) {
	for _, tc := range requests {
		before := []byte("before")
		var args [][]byte
		if tc.payload != "" {
			args = bytes.Split([]byte(tc.payload), []byte(" "))
		}
		got := wire.AppendRequest(before, tc.op, args...)
		if want := append([]byte("before"), unhex(t, tc.hex)...); !bytes.Equal(got, want) {
			t.Errorf("AppendRequest(%v, %q) = %x, want %x", tc.op, args, got, want)
		}
	}
}

// Every proper prefix of a request, and of several in a row, is short.
func TestParseRequestPrefixes(t *testing.T) {
	for _, tc := range requests {
		b := unhex(t, tc.hex)
		for i := range b {
			if req, n, err := wire.ParseRequest(b[:i], 0); err != wire.ErrShort || n != 0 {
				t.Errorf("ParseRequest(first %d bytes of %s) = %v, %d, %v, want ErrShort", i, tc.hex, req, n, err)
			}
		}
	}
}

func TestParseRequestPipelined(t *testing.T) {
	var b []byte
	for _, tc := range requests {
		b = append(b, unhex(t, tc.hex)...)
	}
	for i, tc := range requests {
		req, n, err := wire.ParseRequest(b, 0)
		if err != nil || req.Op != tc.op || string(req.Payload) != tc.payload {
			t.Fatalf("request %d = %v %q, %v, want %v %q", i, req.Op, req.Payload, err, tc.op, tc.payload)
		}
		b = b[n:]
	}
	if len(b) != 0 {
		t.Errorf("%d bytes left over", len(b))
	}
}

// The length field alone decides, with nothing after it.
func TestParseRequestLength(t *testing.T) {
	tests := []struct {
		length  uint32
		maxSize int
		err     error
	}{
		{0, 0, wire.ErrLength},
		{1, 0, wire.ErrLength},
		{2, 0, wire.ErrShort},
		{wire.DefaultMaxRequestSize, 0, wire.ErrShort},
		{wire.DefaultMaxRequestSize, -1, wire.ErrShort},
		{wire.DefaultMaxRequestSize + 1, 0, wire.ErrLength},
		{5 << 20, 0, wire.ErrLength},
		{5 << 20, 5 << 20, wire.ErrShort},
		{10, 10, wire.ErrShort},
		{11, 10, wire.ErrLength},
		{2, 1, wire.ErrLength},
		{math.MaxInt32, 0, wire.ErrLength},
		{math.MaxInt32 + 1, 0, wire.ErrLength},
		{math.MaxUint32, 0, wire.ErrLength},
		{math.MaxUint32, math.MaxInt32, wire.ErrLength},
	}
	for _, tc := range tests {
		b := binary.LittleEndian.AppendUint32(nil, tc.length)
		if req, n, err := wire.ParseRequest(b, tc.maxSize); err != tc.err || n != 0 || req.Payload != nil {
			t.Errorf("length %d, limit %d: %v, %d, %v, want %v", tc.length, tc.maxSize, req, n, err, tc.err)
		}
	}
	if !errors.As(wire.ErrLength, new(*wire.ProtocolError)) {
		t.Error("ErrLength is no *ProtocolError")
	}
}

func TestBeginEndRequest(t *testing.T) {
	start := 3
	b := wire.BeginRequest([]byte("abc"), wire.OpMGet)
	b = append(b, "user: 10"...)
	b = wire.EndRequest(b, start)
	req, n, err := wire.ParseRequest(b[start:], 0)
	if err != nil || n != len(b)-start || req.Op != wire.OpMGet || string(req.Payload) != "user: 10" {
		t.Errorf("parsed back as %v %q, %d, %v", req.Op, req.Payload, n, err)
	}
	if string(b[:start]) != "abc" {
		t.Errorf("what stood before the request became %q", b[:start])
	}
}

// Whatever sizes a peer announces, only bytes that came take memory.
func TestAnnouncedSizesAllocateNothing(t *testing.T) {
	const most = 1 << 20
	request := unhex(t, "ffffff7f 0100 30")
	values := unhex(t, "060000 ffffff03 41")
	pairs := unhex(t, "070000 04000000 ffffffff")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		_, _, _ = wire.ParseRequest(request, math.MaxInt32)
		_, _, _ = wire.ParseReply(values, 0)
		_, _, _ = wire.ParseReply(pairs, 0)
		var r wire.Reader
		r.Feed(values)
		_, _, _ = r.Next()
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > most {
		t.Errorf("%d bytes allocated for messages of a few bytes", got)
	}
}

func TestRequestsDoNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 256)
	key, val := []byte("user:42:name"), []byte("Ada")
	b := wire.AppendRequest(nil, wire.OpMSet, key, val)
	mustNotAllocate(t, "ParseRequest", func() { _, _, _ = wire.ParseRequest(b, 0) })
	mustNotAllocate(t, "ParseRequest, short", func() { _, _, _ = wire.ParseRequest(b[:5], 0) })
	mustNotAllocate(t, "ParseRequest, too long", func() { _, _, _ = wire.ParseRequest(b, 5) })
	mustNotAllocate(t, "AppendRequest", func() { buf = wire.AppendRequest(buf[:0], wire.OpMSet, key, val) })
}

func BenchmarkParseRequest(b *testing.B) {
	req := wire.AppendRequest(nil, wire.OpGet, []byte("app:user:00001234:profile"))
	b.SetBytes(int64(len(req)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := wire.ParseRequest(req, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendRequest(b *testing.B) {
	key := []byte("app:user:00001234:profile")
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = wire.AppendRequest(buf[:0], wire.OpGet, key)
	}
}
