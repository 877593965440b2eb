package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gogibson/gibson/internal/gerr"
	"github.com/gogibson/gibson/wire"
)

// replies are whole replies, most of them as the original server sent them,
// with what they say.
var replies = []struct {
	hex  string
	want string // as show prints them
}{
	{"0000 00 01000000 00", "ERR"},
	{"0100 00 01000000 00", "NOT_FOUND"},
	{"0200 00 01000000 00", "NAN"},
	{"0300 00 01000000 00", "MEM"},
	{"0400 00 01000000 00", "LOCKED"},
	{"0500 00 01000000 00", "OK"},
	{"0500 00 00000000", "OK"}, // no server sends it, but it is clear
	{"0600 00 01000000 76", `VAL "v"`},
	{"0600 00 00000000", `VAL ""`},
	{"0600 00 03000000 00ff00", `VAL "\x00\xff\x00"`},
	{"0600 02 08000000 feffffffffffffff", "VAL -2"},
	{"0600 02 08000000 ffffffffffffff7f", "VAL 9223372036854775807"},
	{"0600 02 08000000 0000000000000080", "VAL -9223372036854775808"},
	{"0600 02 04000000 2a000000", "VAL 42"}, // a 32-bit server's
	{"0600 02 04000000 feffffff", "VAL -2"},
	{"0700 00 04000000 00000000", "KVAL"},
	{"0700 00 13000000 01000000 03000000 666f6f 00 03000000 626172", `KVAL foo="bar"`},
	{"0700 00 10000000 01000000 01000000 30 00 02000000 6137", `KVAL 0="a7"`},
	{"0700 00 17000000 01000000 02000000 6e34 02 08000000 2a00000000000000", "KVAL n4=42"},
	{"0700 00 13000000 01000000 02000000 6e34 02 04000000 ffffffff", "KVAL n4=-1"},
	{"0700 00 0e000000 01000000 01000000 30 00 00000000", `KVAL 0=""`},
	{"0700 00 20000000 02000000 04000000 6b323a61 00 01000000 61 04000000 6b323a62 00 01000000 62", `KVAL k2:a="a" k2:b="b"`},
}

// show prints what the methods of a reply return.
func show(r wire.Reply) string {
	var b strings.Builder
	b.WriteString(r.Code.String())
	if v, err := r.Value(); err == nil {
		if n, ok := v.Int64(); ok {
			fmt.Fprintf(&b, " %d", n)
		} else {
			fmt.Fprintf(&b, " %q", v.Bytes())
		}
	}
	for key, v := range r.Pairs() {
		if n, ok := v.Int64(); ok {
			fmt.Fprintf(&b, " %s=%d", key, n)
		} else {
			fmt.Fprintf(&b, " %s=%q", key, v.Bytes())
		}
	}
	return b.String()
}

func TestParseReply(t *testing.T) {
	for _, tc := range replies {
		b := append(unhex(t, tc.hex), "the next one"...)
		r, n, err := wire.ParseReply(b, 0)
		if err != nil || n != len(b)-len("the next one") || show(r) != tc.want {
			t.Errorf("ParseReply(%s) = %s, %d, %v, want %s", tc.hex, show(r), n, err, tc.want)
		}
		if cap(r.Data) != len(r.Data) {
			t.Errorf("ParseReply(%s): data has capacity beyond its end", tc.hex)
		}
	}
}

func TestParseReplyPrefixes(t *testing.T) {
	for _, tc := range replies {
		b := unhex(t, tc.hex)
		for i := range b {
			if r, n, err := wire.ParseReply(b[:i], 0); err != wire.ErrShort || n != 0 {
				t.Errorf("ParseReply(first %d bytes of %s) = %s, %d, %v, want ErrShort", i, tc.hex, show(r), n, err)
			}
		}
	}
}

func TestParseReplyRefuses(t *testing.T) {
	tests := []struct {
		name, hex string
		short     int // bytes that suffice to tell
		want      string
	}{
		{"code 8", "0800 00 01000000 00", 2, "unknown reply code 8"},
		{"code 256", "0001 00 01000000 00", 2, "unknown reply code 256"},
		{"code 65535", "ffff 00 01000000 00", 2, "unknown reply code 65535"},
		{"encoding 5", "0600 05 03000000 626172", 3, "encoding 5"},
		{"encoding LZF, which is never sent", "0600 01 03000000 626172", 3, "encoding 1"},
		{"OK with unknown encoding", "0500 03 01000000 00", 3, "OK reply with encoding 3"},
		{"OK as a number", "0500 02 08000000 0000000000000000", 3, "OK reply with encoding 2"},
		{"KVAL as a number", "0700 02 08000000 0000000000000000", 3, "KVAL reply with encoding 2"},
		{"too large", "0600 00 01000004 00", 7, "67108865 bytes, want at most 67108864"},
		{"largest", "0600 00 ffffffff 00", 7, "4294967295 bytes"},
		{"number of 0 bytes", "0600 02 00000000", 7, "number of 0 bytes"},
		{"number of 1 byte", "0600 02 01000000 01", 7, "number of 1 bytes"},
		{"number of 16 bytes", "0600 02 10000000 00000000000000000000000000000000", 7, "number of 16 bytes"},
		{"pairs without count", "0700 00 03000000 000000", 7, "KVAL reply of 3 bytes"},
		{"status for pairs", "0700 00 01000000 00", 7, "KVAL reply of 1 bytes"},

		{"count without pairs", "0700 00 04000000 01000000", 11, "announces 1 pairs"},
		{"huge count", "0700 00 13000000 ffffffff 03000000 666f6f 00 03000000 626172", 26, "announces 4294967295 pairs"},
		// What the original answers when it passes over an expired item.
		{"one pair too few", "0700 00 11000000 02000000 03000000 743361 00 01000000 41", 24, "announces 2 pairs, want at most 1"},
		{"second pair missing", "0700 00 1b000000 02000000 0e000000 6161616161616161616161616161 00 00000000", 34, "within a key"},
		{"one pair too many", "0700 00 1e000000 01000000 01000000 30 00 03000000 633461 01000000 31 00 03000000 633462", 37, "13 bytes after its last pair"},
		{"trailing byte", "0700 00 14000000 01000000 03000000 666f6f 00 03000000 626172 00", 27, "1 bytes after its last pair"},
		{"key too long", "0700 00 13000000 01000000 0c000000 666f6f 00 03000000 626172", 26, "within a key"},
		{"key to the end", "0700 00 13000000 01000000 0b000000 666f6f 00 03000000 626172", 26, "within a key"},
		{"key of 4 GiB", "0700 00 13000000 01000000 ffffffff 666f6f 00 03000000 626172", 26, "within a key"},
		{"value too long", "0700 00 13000000 01000000 03000000 666f6f 00 04000000 626172", 26, "within a value"},
		{"value of 4 GiB", "0700 00 13000000 01000000 03000000 666f6f 00 ffffffff 626172", 26, "within a value"},
		{"value length cut", "0700 00 10000000 01000000 06000000 666f6f666f6f 00 0300", 23, "within a value"},
		{"value encoding LZF", "0700 00 13000000 01000000 03000000 666f6f 01 03000000 626172", 26, "encoding 1"},
		{"value encoding 9", "0700 00 13000000 01000000 03000000 666f6f 09 03000000 626172", 26, "encoding 9"},
		{"pair's number of 3 bytes", "0700 00 13000000 01000000 03000000 666f6f 02 03000000 626172", 26, "number of 3 bytes"},
	}
	for _, tc := range tests {
		b := unhex(t, tc.hex)
		for i := range len(b) + 1 {
			r, n, err := wire.ParseReply(b[:i], 0)
			if i < tc.short {
				if err != wire.ErrShort {
					t.Errorf("%s, first %d bytes: %v, want ErrShort", tc.name, i, err)
				}
				continue
			}
			var perr *wire.ProtocolError
			if !errors.As(err, &perr) || n != 0 || r.Data != nil {
				t.Errorf("%s, first %d bytes: %s, %d, %v, want a *ProtocolError", tc.name, i, show(r), n, err)
			} else if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s, first %d bytes: error %q, want %q in it", tc.name, i, err, tc.want)
			}
		}
	}
}

func TestParseReplyMaxSize(t *testing.T) {
	header := func(size uint32) []byte {
		return binary.LittleEndian.AppendUint32([]byte{6, 0, 0}, size)
	}
	tests := []struct {
		size    uint32
		maxSize int
		refused bool
	}{
		{10, 10, false},
		{11, 10, true},
		{wire.DefaultMaxResponseSize, 0, false},
		{wire.DefaultMaxResponseSize + 1, 0, true},
		{wire.DefaultMaxResponseSize + 1, -1, true},
		{math.MaxInt32, math.MaxInt32, false},
		{math.MaxInt32 + 1, math.MaxInt32, true},
	}
	for _, tc := range tests {
		_, _, err := wire.ParseReply(header(tc.size), tc.maxSize)
		if refused := err != wire.ErrShort; refused != tc.refused {
			t.Errorf("size %d, limit %d: %v, want refused = %v", tc.size, tc.maxSize, err, tc.refused)
		}
	}
}

func TestReplyErrors(t *testing.T) {
	for code, want := range map[wire.Code]error{
		wire.CodeErr: gerr.ErrServer, wire.CodeNotFound: gerr.ErrNotFound, wire.CodeNaN: gerr.ErrNotANumber,
		wire.CodeMem: gerr.ErrMemoryLimit, wire.CodeLocked: gerr.ErrLocked,
	} {
		r, _, err := wire.ParseReply(wire.AppendCode(nil, code), 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Err(); got != want {
			t.Errorf("%v: Err() = %v, want %v", code, got, want)
		}
		if _, got := r.Value(); got != want {
			t.Errorf("%v: Value() = %v, want %v", code, got, want)
		}
		if _, got := r.Int64(); got != want {
			t.Errorf("%v: Int64() = %v, want %v", code, got, want)
		}
	}
	ok, _, _ := wire.ParseReply(wire.AppendCode(nil, wire.CodeOK), 0)
	text, _, _ := wire.ParseReply(wire.AppendValue(nil, []byte("42")), 0)
	number, _, _ := wire.ParseReply(wire.AppendNumber(nil, 42), 0)
	w := wire.BeginPairs(nil)
	pairs, _, _ := wire.ParseReply(w.Finish(), 0)
	for _, r := range []wire.Reply{ok, text, number, pairs} {
		if r.Err() != nil {
			t.Errorf("%v: Err() = %v, want nil", r.Code, r.Err())
		}
	}
	var perr *wire.ProtocolError
	for _, r := range []wire.Reply{ok, pairs} {
		if _, err := r.Value(); !errors.As(err, &perr) {
			t.Errorf("%v: Value() = %v, want a *ProtocolError", r.Code, err)
		}
	}
	for _, r := range []wire.Reply{ok, text, pairs} {
		if _, err := r.Int64(); !errors.As(err, &perr) {
			t.Errorf("%s: Int64() = %v, want a *ProtocolError", show(r), err)
		}
	}
	if n, err := number.Int64(); n != 42 || err != nil {
		t.Errorf("Int64() = %d, %v, want 42", n, err)
	}
}

func TestPairs(t *testing.T) {
	w := wire.BeginPairs(nil)
	w.Append([]byte("a"), []byte("1"))
	w.Append([]byte("b"), []byte("2"))
	b := w.Finish()
	r, _, err := wire.ParseReply(b, 0)
	if err != nil || r.PairCount() != 2 {
		t.Fatalf("PairCount() = %d, %v, want 2", r.PairCount(), err)
	}
	for key, v := range r.Pairs() { // breaking off and starting anew
		if string(key) != "a" || v.String() != "1" {
			t.Errorf("first pair %s=%s, want a=1", key, v)
		}
		if i := bytes.IndexByte(b, 'a'); &key[0] != &b[i] {
			t.Error("the key was copied, want a slice of the input")
		}
		break
	}
	if got, want := show(r), `KVAL a="1" b="2"`; got != want {
		t.Errorf("second pass: %s, want %s", got, want)
	}
	if value, _, _ := wire.ParseReply(wire.AppendValue(nil, b[7:]), 0); value.PairCount() != 0 || strings.Contains(show(value), "=") {
		t.Error("a VAL reply has pairs")
	}
}

// A Reply need not come from ParseReply: its methods take anything.
func TestReplyMadeByHand(t *testing.T) {
	for _, r := range []wire.Reply{
		{},
		{Code: wire.CodeKVal},
		{Code: wire.CodeKVal, Data: []byte{255, 255}},
		{Code: wire.CodeKVal, Data: []byte{2, 0, 0, 0}},
		{Code: wire.CodeKVal, Data: []byte{255, 255, 255, 255, 1, 0, 0, 0, 'k'}},
		{Code: wire.CodeVal, Encoding: wire.EncodingNumber, Data: []byte{1, 2, 3}},
		{Code: 99},
	} {
		if strings.Contains(show(r), "=") {
			t.Errorf("%+v has pairs: %s", r, show(r))
		}
	}
	if err := (wire.Reply{Code: 99}).Err(); !errors.As(err, new(*wire.ProtocolError)) {
		t.Errorf("code 99: Err() = %v, want a *ProtocolError", err)
	}
}

func TestParseReplyDoesNotAllocate(t *testing.T) {
	w := wire.BeginPairs(nil)
	for i := range 10 {
		w.AppendNumber([]byte("key"), int64(i))
		w.Append([]byte("key"), []byte("value"))
	}
	pairs := w.Finish()
	var sum int64
	mustNotAllocate(t, "ParseReply, Pairs", func() {
		r, _, _ := wire.ParseReply(pairs, 0)
		for _, v := range r.Pairs() {
			n, _ := v.Int64()
			sum += n
		}
	})
	if sum == 0 {
		t.Error("no pair was seen")
	}
	b := wire.AppendValue(nil, []byte("value"))
	mustNotAllocate(t, "ParseReply, VAL", func() { _, _, _ = wire.ParseReply(b, 0) })
	mustNotAllocate(t, "ParseReply, short", func() { _, _, _ = wire.ParseReply(b[:8], 0) })
}

func BenchmarkParseReply(b *testing.B) {
	reply := wire.AppendValue(nil, make([]byte, 100))
	b.SetBytes(int64(len(reply)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := wire.ParseReply(reply, 0); err != nil {
			b.Fatal(err)
		}
	}
}
