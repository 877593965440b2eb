package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// drain returns what Next reports, as show prints it, until no reply is
// complete, and the error that ended it.
func drain(r *wire.Reader) (got []string, err error) {
	for {
		reply, ok, err := r.Next()
		if err != nil || !ok {
			return got, err
		}
		got = append(got, show(reply))
	}
}

// stream is all of replies, one after the other, and what they say.
func stream(t testing.TB) (b []byte, want []string) {
	for _, tc := range replies {
		b = append(b, unhex(t, tc.hex)...)
		want = append(want, tc.want)
	}
	return b, want
}

func TestReaderWhole(t *testing.T) {
	b, want := stream(t)
	r := wire.NewReader(0)
	if got, err := drain(r); got != nil || err != nil {
		t.Errorf("before the first Feed: %q, %v", got, err)
	}
	r.Feed(b)
	if got, err := drain(r); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if r.Buffered() != 0 {
		t.Errorf("%d bytes left in the buffer", r.Buffered())
	}
}

// Two pieces, cut at every byte; and pieces of every small size.
func TestReaderAnySplit(t *testing.T) {
	b, want := stream(t)
	check := func(pieces ...[]byte) {
		t.Helper()
		var r wire.Reader
		var got []string
		for _, piece := range pieces {
			r.Feed(piece)
			more, err := drain(&r)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, more...)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("first piece of %d bytes: got %q, want %q", len(pieces[0]), got, want)
		}
	}
	for i := range len(b) + 1 {
		check(b[:i], b[i:])
	}
	for size := 1; size < 50; size++ {
		check(slices.Collect(slices.Chunk(b, size))...)
	}
}

// Every proper prefix of the stream gives just the replies that are whole.
func TestReaderPrefixes(t *testing.T) {
	b, want := stream(t)
	for i := range b {
		var r wire.Reader
		r.Feed(b[:i])
		got, err := drain(&r)
		if err != nil || len(got) >= len(want) || !slices.Equal(got, want[:len(got)]) {
			t.Fatalf("first %d bytes: got %q, %v", i, got, err)
		}
		r.Feed(b[i:])
		if more, err := drain(&r); err != nil || !slices.Equal(append(got, more...), want) {
			t.Fatalf("the rest after %d bytes: got %q, %v", i, more, err)
		}
	}
}

// What was fed belongs to the caller, who may overwrite it.
func TestReaderCopies(t *testing.T) {
	b, want := stream(t)
	var r wire.Reader
	chunk := make([]byte, 0, 16)
	for piece := range slices.Chunk(b, 16) {
		chunk = append(chunk[:0], piece...)
		r.Feed(chunk)
		clear(chunk)
	}
	if got, err := drain(&r); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestReaderErrorIsSticky(t *testing.T) {
	for _, broken := range []string{
		"0800 00 01000000 00",     // unknown code
		"0600 05 03000000 626172", // unknown encoding
		"0600 00 e9030000 00",     // above the limit
		"0600 02 03000000 626172", // no number
		"0700 00 13000000 02000000 03000000 666f6f 00 03000000 626172", // pairs do not add up
	} {
		r := wire.Reader{MaxReplySize: 1000}
		r.Feed(wire.AppendCode(wire.AppendNumber(nil, 5), wire.CodeOK))
		r.Feed(unhex(t, broken))
		r.Feed(wire.AppendCode(nil, wire.CodeOK))
		got, first := drain(&r)
		if !slices.Equal(got, []string{"VAL 5", "OK"}) {
			t.Errorf("%s: %q before the error, want the two replies before it", broken, got)
		}
		if !errors.As(first, new(*wire.ProtocolError)) {
			t.Errorf("%s: error %v, want a *ProtocolError", broken, first)
		}
		r.Feed(wire.AppendCode(nil, wire.CodeOK))
		if reply, ok, err := r.Next(); ok || err != first {
			t.Errorf("%s: afterwards %s, %v, %v, want the same error", broken, show(reply), ok, err)
		}
	}
}

// A reply above the limit is refused at its size field: no byte of it is kept.
func TestReaderBuffersNothingAboveTheLimit(t *testing.T) {
	r := wire.Reader{MaxReplySize: 1000}
	flood := binary.LittleEndian.AppendUint32([]byte{6, 0, 0}, 1001)
	flood = append(flood, make([]byte, 1<<20)...)
	r.Feed(flood)
	for range 10 {
		r.Feed(flood)
	}
	if r.Buffered() > wire.ReplyHeaderSize || r.Cap() > 64 {
		t.Errorf("%d bytes buffered, capacity %d, want no more than a header", r.Buffered(), r.Cap())
	}
	if _, _, err := r.Next(); err == nil || !strings.Contains(err.Error(), "1001 bytes, want at most 1000") {
		t.Errorf("error %v", err)
	}
}

// The buffer of a big reply goes back, whether or not the next has begun.
func TestReaderGivesBigBuffersBack(t *testing.T) {
	big := wire.AppendValue(nil, bytes.Repeat([]byte("v"), 1<<20))
	small := wire.AppendValue(nil, []byte("small"))
	for _, cut := range []int{0, 3, len(small) - 1} {
		var r wire.Reader
		r.Feed(slices.Concat(big, small[:cut]))
		if got, err := drain(&r); err != nil || len(got) != 1 {
			t.Fatalf("%d replies, %v, want 1", len(got), err)
		}
		r.Feed(small[cut:])
		if r.Cap() > wire.KeepBuffer {
			t.Errorf("cut at %d: capacity %d, want at most %d", cut, r.Cap(), wire.KeepBuffer)
		}
		if got, err := drain(&r); err != nil || !slices.Equal(got, []string{`VAL "small"`}) {
			t.Errorf("cut at %d: got %q, %v", cut, got, err)
		}
	}
}

func TestReaderDoesNotAllocate(t *testing.T) {
	var r wire.Reader
	b := wire.AppendValue(nil, make([]byte, 100))
	b = append(b, b...)
	first, second := b[:130], b[130:]
	mustNotAllocate(t, "Feed, Next", func() {
		r.Feed(first)
		_, _, _ = r.Next()
		r.Feed(second)
		_, _, _ = r.Next()
	})
}

func BenchmarkReader(b *testing.B) {
	var chunk []byte
	for range 64 {
		chunk = wire.AppendValue(chunk, make([]byte, 100))
	}
	var r wire.Reader
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		r.Feed(chunk)
		for range 64 {
			if _, ok, err := r.Next(); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	}
}
