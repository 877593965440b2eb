package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// What parses, encodes to the same bytes; what does not, is refused for the
// reason its length field gives; and nothing reaches beyond the input.
func FuzzParseRequest(f *testing.F) {
	for _, c := range wire.Commands() {
		f.Add(wire.AppendRequest(nil, c.Op, []byte(c.Example)), 0)
	}
	for _, tc := range requests {
		f.Add(unhex(f, tc.hex), 20)
	}
	f.Add([]byte{0, 0, 0, 0, 19}, 0)
	f.Add([]byte{1, 0, 0, 0, 19}, 0)
	f.Add([]byte{255, 255, 255, 255, 1, 0}, 1<<30)
	f.Fuzz(func(t *testing.T, b []byte, maxSize int) {
		limit := maxSize
		if limit <= 0 {
			limit = wire.DefaultMaxRequestSize
		}
		var length uint64
		if len(b) >= wire.HeaderSize {
			length = uint64(binary.LittleEndian.Uint32(b))
		}
		req, n, err := wire.ParseRequest(b, maxSize)
		switch {
		case len(b) < wire.HeaderSize:
			if err != wire.ErrShort {
				t.Fatalf("%d bytes: %v, want ErrShort", len(b), err)
			}
		case length < wire.MinLength || length > uint64(limit):
			if err != wire.ErrLength {
				t.Fatalf("length %d, limit %d: %v, want ErrLength", length, limit, err)
			}
		case uint64(len(b)) < wire.HeaderSize+length:
			if err != wire.ErrShort {
				t.Fatalf("%d bytes of %d: %v, want ErrShort", len(b), length, err)
			}
		default:
			if err != nil || uint64(n) != wire.HeaderSize+length {
				t.Fatalf("length %d: n = %d, %v", length, n, err)
			}
			if again := wire.AppendRequest(nil, req.Op, req.Payload); !bytes.Equal(again, b[:n]) {
				t.Fatalf("parsed %x, encoded %x", b[:n], again)
			}
			if len(req.Payload) > 0 && &req.Payload[0] != &b[wire.HeaderSize+wire.MinLength] || cap(req.Payload) != len(req.Payload) {
				t.Fatal("the payload is not a slice of the input, ending with it")
			}
			return
		}
		if n != 0 || req.Payload != nil {
			t.Fatalf("with error %v: n = %d, payload %x", err, n, req.Payload)
		}
	})
}

var decimal = regexp.MustCompile(`^-?[0-9]+$`)

// slowArgs is a second, slower reading of docs/protocol.md, "Arguments".
func slowArgs(shape wire.Shape, payload string, lim wire.Limits) result {
	number := func(s string, res *result) {
		n, err := strconv.ParseInt(s, 10, 64)
		if res.nan = err != nil || !decimal.MatchString(s); !res.nan {
			res.number = n
		}
	}
	var res result
	words := 1 // how many arguments the shape has, the last being the rest
	switch shape {
	case wire.ShapeNone:
		return res
	case wire.ShapeKey:
		payload, _, _ = strings.Cut(payload, " ")
	case wire.ShapeKeyLimit:
		if strings.Contains(payload, " ") {
			words = 2
		}
	case wire.ShapeSet:
		words = 3
	default:
		words = 2
	}
	args := strings.SplitN(payload, " ", words)
	if len(args) < words || slices.Contains(args, "") {
		return bad
	}
	if shape == wire.ShapeSet {
		number(args[0], &res)
		args = args[1:]
	}
	if res.key = args[0]; len(res.key) > lim.MaxKeySize {
		return bad
	}
	switch shape {
	case wire.ShapeSet, wire.ShapeKeyValue:
		if res.value = args[1]; len(res.value) > lim.MaxValueSize {
			return bad
		}
	case wire.ShapeKeyNumber, wire.ShapeKeyLimit:
		if len(args) > 1 {
			number(args[1], &res)
		}
	case wire.ShapeKeyField:
		if res.value, _, _ = strings.Cut(args[1], " "); res.value == "" {
			return bad
		}
	}
	return res
}

func FuzzParseArgs(f *testing.F) {
	for _, c := range wire.Commands() {
		f.Add(uint8(c.Shape), []byte(c.Example), uint16(100), uint16(100))
		f.Add(uint8(c.Shape), []byte(c.Example+" junk"), uint16(5), uint16(5))
		f.Add(uint8(c.Shape), []byte(c.Example+" "), uint16(12), uint16(12))
	}
	for _, payload := range []string{"", " ", "  ", "0  k v", "+5 k v", "k  5", "k 99999999999999999999", "k\x00 -0", "k -"} {
		for shape := range uint8(7) {
			f.Add(shape, []byte(payload), uint16(9), uint16(9))
		}
	}
	f.Fuzz(func(t *testing.T, shape uint8, payload []byte, maxKey, maxValue uint16) {
		s := wire.Shape(shape % 7)
		lim := wire.Limits{MaxKeySize: int(maxKey) + 1, MaxValueSize: int(maxValue) + 1}
		before := string(payload)
		got, want := parse(s, before, lim), slowArgs(s, before, lim)
		if got != want {
			t.Fatalf("ParseArgs(%v, %q, %+v) = %+v, want %+v", s, before, lim, got, want)
		}
		a, _ := wire.ParseArgs(s, payload, lim)
		if cap(a.Key) != len(a.Key) || cap(a.Value) > cap(payload) || string(payload) != before {
			t.Fatal("the arguments are not slices of the payload as it was")
		}
	})
}

// addReplies seeds f with everything that the encoder and the tables have.
func addReplies(f *testing.F, add func(b []byte)) {
	w := wire.BeginPairs(nil)
	w.Append([]byte("key"), []byte("value"))
	w.AppendNumber([]byte("\x00\xff"), -1)
	w.Append(nil, nil)
	add(w.Finish())
	add(wire.AppendNumber(nil, -5))
	add(wire.AppendValue(nil, bytes.Repeat([]byte("v"), 1000)))
	add(append(wire.AppendCode(nil, wire.CodeOK), "rest"...))
	for _, tc := range replies {
		add(unhex(f, tc.hex))
	}
	all, _ := stream(f)
	add(all)
	add(unhex(f, "0700 00 13000000 ffffffff 03000000 666f6f 00 03000000 626172"))
	add(unhex(f, "0600 05 03000000 626172"))
}

// encode is the encoder's reading of a reply, in the form servers of today
// send.
func encode(r wire.Reply) []byte {
	switch r.Code {
	case wire.CodeVal:
		v, err := r.Value()
		if err != nil {
			return nil
		}
		if n, ok := v.Int64(); ok {
			return wire.AppendNumber(nil, n)
		}
		return wire.AppendValue(nil, v.Bytes())
	case wire.CodeKVal:
		w := wire.BeginPairs(nil)
		for key, v := range r.Pairs() {
			if n, ok := v.Int64(); ok {
				w.AppendNumber(key, n)
			} else {
				w.Append(key, v.Bytes())
			}
		}
		return w.Finish()
	}
	return wire.AppendCode(nil, r.Code)
}

func FuzzParseReply(f *testing.F) {
	addReplies(f, func(b []byte) { f.Add(b, uint16(2000)) })
	f.Fuzz(func(t *testing.T, b []byte, maxSize uint16) {
		limit := int(maxSize) + 1
		r, n, err := wire.ParseReply(b, limit)
		if err != nil {
			if n != 0 || r.Data != nil {
				t.Fatalf("with error %v: n = %d, data %x", err, n, r.Data)
			}
			if err != wire.ErrShort && !errors.As(err, new(*wire.ProtocolError)) {
				t.Fatalf("error %v, want ErrShort or a *ProtocolError", err)
			}
			if err == wire.ErrShort && len(b) >= wire.ReplyHeaderSize+limit {
				t.Fatalf("ErrShort with %d bytes and a limit of %d", len(b), limit)
			}
			return
		}
		if len(r.Data) > limit || n != wire.ReplyHeaderSize+len(r.Data) || n > len(b) || cap(r.Data) != len(r.Data) {
			t.Fatalf("n = %d, data of %d bytes, input of %d, limit %d", n, len(r.Data), len(b), limit)
		}
		pairs := 0
		for key, v := range r.Pairs() {
			pairs++
			if len(key)+len(v.Bytes()) > n+20 { // a number prints longer than it is
				t.Fatal("a pair is bigger than its reply")
			}
		}
		if pairs != r.PairCount() {
			t.Fatalf("%d pairs of %d", pairs, r.PairCount())
		}
		// Once encoded, a reply says the same and its encoding is stable. A
		// status may differ in the byte that it ignores, a number in its width.
		canonical := encode(r)
		again, m, err := wire.ParseReply(canonical, 0)
		if err != nil || m != len(canonical) || show(again) != show(r) {
			t.Fatalf("%s became %s, %v", show(r), show(again), err)
		}
		if !bytes.Equal(encode(again), canonical) {
			t.Fatal("encoding is not stable")
		}
		if _, _, err := wire.ParseReply(b[:n-1], limit); err != wire.ErrShort {
			t.Fatalf("one byte less: %v, want ErrShort", err)
		}
	})
}

// However a stream is cut, a Reader returns what ParseReply finds in the whole
// of it, the error included, and buffers no more than was fed.
func FuzzReader(f *testing.F) {
	addReplies(f, func(b []byte) {
		f.Add(b, []byte{1}, uint16(2000))
		f.Add(b, []byte{7, 0, 3}, uint16(10))
		f.Add(slices.Concat(b, b), []byte{255, 2, 8}, uint16(100))
	})
	f.Fuzz(func(t *testing.T, b, cuts []byte, maxSize uint16) {
		limit := int(maxSize) + 1
		var want []string
		var wantErr error
		for rest := b; wantErr == nil; {
			r, n, err := wire.ParseReply(rest, limit)
			if err == wire.ErrShort {
				break
			}
			if wantErr = err; err == nil {
				want = append(want, show(r))
				rest = rest[n:]
			}
		}

		r := wire.NewReader(limit)
		var got []string
		var gotErr error
		for i := 0; len(b) > 0; i++ {
			n := len(b)
			if i < 1000 && len(cuts) > 0 {
				n = min(n, int(cuts[i%len(cuts)]))
			}
			r.Feed(b[:n])
			b = b[n:]
			if max := 2*(r.Buffered()+n+wire.ReplyHeaderSize) + wire.KeepBuffer + limit; r.Cap() > max {
				t.Fatalf("capacity %d with %d bytes buffered", r.Cap(), r.Buffered())
			}
			if i%3 == 2 {
				continue // several pieces before the next look
			}
			more, err := drain(r)
			got = append(got, more...)
			if gotErr != nil && err != gotErr {
				t.Fatalf("error %v after %v", err, gotErr)
			}
			gotErr = err
			if len(b) > 0 && err == nil && r.Buffered() >= wire.ReplyHeaderSize+limit {
				t.Fatalf("%d bytes buffered for one reply, limit %d", r.Buffered(), limit)
			}
		}
		more, err := drain(r)
		got = append(got, more...)
		if !slices.Equal(got, want) {
			t.Fatalf("replies %q, want %q", got, want)
		}
		if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Fatalf("error %v, want %v", err, wantErr)
		}
	})
}
