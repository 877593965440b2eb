package wire_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/gogibson/gibson/wire"
)

func TestAppendReplies(t *testing.T) {
	tests := []struct {
		name string
		got  []byte
		hex  string
	}{
		{"ERR", wire.AppendCode(nil, wire.CodeErr), "0000 00 01000000 00"},
		{"NOT_FOUND", wire.AppendCode(nil, wire.CodeNotFound), "0100 00 01000000 00"},
		{"NAN", wire.AppendCode(nil, wire.CodeNaN), "0200 00 01000000 00"},
		{"MEM", wire.AppendCode(nil, wire.CodeMem), "0300 00 01000000 00"},
		{"LOCKED", wire.AppendCode(nil, wire.CodeLocked), "0400 00 01000000 00"},
		{"OK", wire.AppendCode(nil, wire.CodeOK), "0500 00 01000000 00"},
		{"value", wire.AppendValue(nil, []byte("v")), "0600 00 01000000 76"},
		{"value of any bytes", wire.AppendValue(nil, []byte("\x00\xff\x00")), "0600 00 03000000 00ff00"},
		{"1", wire.AppendNumber(nil, 1), "0600 02 08000000 0100000000000000"},
		{"-2", wire.AppendNumber(nil, -2), "0600 02 08000000 feffffffffffffff"},
		{"largest", wire.AppendNumber(nil, math.MaxInt64), "0600 02 08000000 ffffffffffffff7f"},
		{"smallest", wire.AppendNumber(nil, math.MinInt64), "0600 02 08000000 0000000000000080"},
		{"after others", wire.AppendCode(wire.AppendCode(nil, wire.CodeOK), wire.CodeErr), "0500000100000000 0000000100000000"},
	}
	for _, tc := range tests {
		if want := unhex(t, tc.hex); !bytes.Equal(tc.got, want) {
			t.Errorf("%s: %x, want %x", tc.name, tc.got, want)
		}
	}
}

func TestPairsWriter(t *testing.T) {
	tests := []struct {
		name  string
		write func(w *wire.PairsWriter)
		hex   string
	}{
		{"none", func(*wire.PairsWriter) {}, "0700 00 04000000 00000000"},
		{"one", func(w *wire.PairsWriter) {
			w.Append([]byte("foo"), []byte("bar"))
		}, "0700 00 13000000 01000000 03000000 666f6f 00 03000000 626172"},
		{"a number", func(w *wire.PairsWriter) {
			w.AppendNumber([]byte("n4"), 42)
		}, "0700 00 17000000 01000000 02000000 6e34 02 08000000 2a00000000000000"},
		{"two, as KEYS sends them", func(w *wire.PairsWriter) {
			w.Append([]byte("0"), []byte("c4a"))
			w.Append([]byte("1"), []byte("c4b"))
		}, "0700 00 1e000000 02000000 01000000 30 00 03000000 633461 01000000 31 00 03000000 633462"},
	}
	for _, tc := range tests {
		w := wire.BeginPairs([]byte("ab"))
		tc.write(&w)
		size := w.Len()
		got := w.Finish()
		if want := append([]byte("ab"), unhex(t, tc.hex)...); !bytes.Equal(got, want) {
			t.Errorf("%s: %x, want %x", tc.name, got, want)
		}
		if want := len(got) - 2 - wire.ReplyHeaderSize; size != want {
			t.Errorf("%s: Len() = %d, want %d", tc.name, size, want)
		}
	}
}

func TestPairsWriterMove(t *testing.T) {
	first := make([]byte, 0, 64)
	w := wire.BeginPairs(append(first, "before"...))
	w.Append([]byte("a"), []byte("1"))
	second := make([]byte, 3, 256)
	left := w.Move(second)
	if &left[0] != &first[:1][0] || len(left) != 6+wire.ReplyHeaderSize+4+9+2 {
		t.Errorf("Move returned %d bytes of another buffer, want the one it left", len(left))
	}
	clear(left)
	w.AppendNumber([]byte("b"), 2)
	got := w.Finish()
	want := wire.BeginPairs([]byte("before"))
	want.Append([]byte("a"), []byte("1"))
	want.AppendNumber([]byte("b"), 2)
	if string(got) != string(want.Finish()) || &got[0] != &second[0] {
		t.Errorf("after Move: %x, want the reply in the new buffer", got)
	}
}

func TestPairsWriterDiscard(t *testing.T) {
	w := wire.BeginPairs(wire.AppendCode(nil, wire.CodeOK))
	w.Append([]byte("key"), bytes.Repeat([]byte("v"), 1000))
	if w.Count() != 1 || w.Len() != 4+4+3+1+4+1000 {
		t.Errorf("Count() = %d, Len() = %d, want 1 and 1016", w.Count(), w.Len())
	}
	got := wire.AppendCode(w.Discard(), wire.CodeErr)
	if want := unhex(t, "0500000100000000 0000000100000000"); !bytes.Equal(got, want) {
		t.Errorf("after Discard: %x, want %x", got, want)
	}
}

func TestRepliesDoNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 1024)
	data := []byte("some data")
	mustNotAllocate(t, "AppendCode", func() { buf = wire.AppendCode(buf[:0], wire.CodeOK) })
	mustNotAllocate(t, "AppendValue", func() { buf = wire.AppendValue(buf[:0], data) })
	mustNotAllocate(t, "AppendNumber", func() { buf = wire.AppendNumber(buf[:0], -5) })
	mustNotAllocate(t, "PairsWriter", func() {
		w := wire.BeginPairs(buf[:0])
		w.Append(data, data)
		w.AppendNumber(data, 7)
		buf = w.Finish()
	})
}

func BenchmarkAppendValue(b *testing.B) {
	buf, data := make([]byte, 0, 256), make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		buf = wire.AppendValue(buf[:0], data)
	}
}

func BenchmarkAppendCode(b *testing.B) {
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = wire.AppendCode(buf[:0], wire.CodeOK)
	}
}

func BenchmarkPairsWriter(b *testing.B) {
	buf := make([]byte, 0, 64<<10)
	key, data := []byte("app:user:00001234:profile"), make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		w := wire.BeginPairs(buf[:0])
		for range 100 {
			w.Append(key, data)
		}
		buf = w.Finish()
	}
}
