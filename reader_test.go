package gibson_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// TestReader feeds one stream with every kind of reply, cut into pieces of
// every size.
func TestReader(t *testing.T) {
	stream := wire.AppendCode(nil, wire.CodeOK)
	stream = wire.AppendCode(stream, wire.CodeNotFound)
	stream = wire.AppendValue(stream, []byte("a b\x00"))
	stream = wire.AppendNumber(stream, -5)
	stream = append(stream, 6, 0, 2, 4, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff) // a 32-bit server's -2
	stream = append(stream, somePairs()...)
	for _, code := range []wire.Code{wire.CodeErr, wire.CodeNaN, wire.CodeMem, wire.CodeLocked} {
		stream = wire.AppendCode(stream, code)
	}
	want := []any{
		true, nil, []byte("a b\x00"), int64(-5), int64(-2),
		[]any{[]byte("pa"), []byte("v"), []byte("pb"), int64(7)},
		gibson.ErrServer, gibson.ErrNotANumber, gibson.ErrMemoryLimit, gibson.ErrLocked,
	}
	for size := 1; size <= len(stream); size++ {
		var r gibson.Reader
		var got []any
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			r.Feed(rest[:n])
			rest = rest[n:]
			for {
				reply, ok, err := r.Gets()
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				got = append(got, reply)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("in pieces of %d: %v, want %v", size, got, want)
		}
	}
}

func TestReaderBroken(t *testing.T) {
	for _, stream := range []string{
		"\x08\x00", "\x06\x00\x01", "\x06\x00\x05", "\x06\x00\x02\x03\x00\x00\x00", "\x06\x00\x00\xff\xff\xff\xff",
		"\x07\x00\x00\x04\x00\x00\x00\x01\x00\x00\x00",
	} {
		var r gibson.Reader
		r.Feed(wire.AppendCode(nil, wire.CodeOK))
		r.Feed([]byte(stream))
		if reply, ok, err := r.Gets(); reply != true || !ok || err != nil {
			t.Errorf("%q: before it %v, %v, %v", stream, reply, ok, err)
		}
		_, _, first := r.Gets()
		r.Feed(wire.AppendCode(nil, wire.CodeOK))
		_, _, second := r.Gets()
		var protocol *gibson.ProtocolError
		if !errors.As(first, &protocol) || second != first {
			t.Errorf("%q: %v, then %v", stream, first, second)
		}
	}
}

func TestReaderLimit(t *testing.T) {
	r := gibson.Reader{MaxReplySize: 3}
	r.Feed(wire.AppendValue(nil, []byte("abc")))
	if reply, ok, err := r.Gets(); !reflect.DeepEqual(reply, []byte("abc")) || !ok || err != nil {
		t.Errorf("at the limit: %v, %v, %v", reply, ok, err)
	}
	r.Feed(wire.AppendValue(nil, []byte("abcd")))
	if _, _, err := r.Gets(); err == nil {
		t.Error("above the limit: no error")
	}
}

func FuzzReader(f *testing.F) {
	f.Add(somePairs(), uint8(1))
	f.Add(append(wire.AppendNumber(nil, 1), wire.AppendCode(nil, wire.CodeErr)...), uint8(3))
	f.Fuzz(func(t *testing.T, stream []byte, size uint8) {
		whole, wholeErr := readAll(stream, len(stream))
		pieces, piecesErr := readAll(stream, int(size)+1)
		if !reflect.DeepEqual(whole, pieces) || (wholeErr == nil) != (piecesErr == nil) {
			t.Errorf("whole %v, %v; in pieces %v, %v", whole, wholeErr, pieces, piecesErr)
		}
	})
}

// readAll returns what a Reader makes of a stream fed in pieces of that size.
func readAll(stream []byte, size int) (all []any, err error) {
	var r gibson.Reader
	for len(stream) > 0 {
		n := min(size, len(stream))
		r.Feed(stream[:n])
		stream = stream[n:]
		for {
			reply, ok, err := r.Gets()
			if err != nil {
				return all, err
			}
			if !ok {
				break
			}
			all = append(all, reply)
		}
	}
	return all, nil
}
