package proto

import (
	"strings"
	"testing"
)

// replies of real servers (and, for the wire-level ones, of their documents).
var replies = []struct {
	name  string
	p     Protocol
	bytes string
	want  Reply
	value string // checked where the reply is a Value
}{
	{"gibson value", Gibson{}, "\x06\x00\x00\x03\x00\x00\x00bar", Reply{Value, 3, 7}, "bar"},
	{"gibson number", Gibson{}, "\x06\x00\x02\x08\x00\x00\x00\x2a\x00\x00\x00\x00\x00\x00\x00", Reply{Number, 42, 0}, ""},
	{"gibson ok", Gibson{}, "\x05\x00\x00\x01\x00\x00\x00\x00", Reply{Done, 0, 0}, ""},
	{"gibson not found", Gibson{}, "\x01\x00\x00\x01\x00\x00\x00\x00", Reply{Missing, 0, 0}, ""},
	{"gibson mem", Gibson{}, "\x03\x00\x00\x01\x00\x00\x00\x00", Reply{Refused, GibsonMem, 0}, ""},
	{"gibson pairs", Gibson{}, "\x07\x00\x00\x13\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00foo\x00\x03\x00\x00\x00bar", Reply{Many, 1, 7}, ""},
	{"redis value", RESP{}, "$3\r\nbar\r\n", Reply{Value, 3, 4}, "bar"},
	{"redis empty value", RESP{}, "$0\r\n\r\n", Reply{Value, 0, 4}, ""},
	{"redis ok", RESP{}, "+OK\r\n", Reply{Done, 0, 0}, ""},
	{"redis missing", RESP{}, "$-1\r\n", Reply{Missing, 0, 0}, ""},
	{"redis number", RESP{}, ":1000\r\n", Reply{Number, 1000, 0}, ""},
	{"redis error", RESP{}, "-ERR no\r\n", Reply{Refused, 0, 0}, ""},
	{"redis array", RESP{}, "*2\r\n$3\r\nfoo\r\n*1\r\n:1\r\n", Reply{Many, 2, 4}, ""},
	{"meta value", MemcacheMeta{}, "VA 3\r\nbar\r\n", Reply{Value, 3, 6}, "bar"},
	{"meta value with flags", MemcacheMeta{}, "VA 3 t10\r\nbar\r\n", Reply{Value, 3, 10}, "bar"},
	{"meta done", MemcacheMeta{}, "HD\r\n", Reply{Done, 0, 0}, ""},
	{"meta missing", MemcacheMeta{}, "EN\r\n", Reply{Missing, 0, 0}, ""},
	{"meta error", MemcacheMeta{}, "SERVER_ERROR out of memory storing object\r\n", Reply{Refused, 0, 0}, ""},
	{"text value", MemcacheText{}, "VALUE foo 0 3\r\nbar\r\nEND\r\n", Reply{Value, 3, 15}, "bar"},
	{"text done", MemcacheText{}, "STORED\r\n", Reply{Done, 0, 0}, ""},
	{"text missing", MemcacheText{}, "END\r\n", Reply{Missing, 0, 0}, ""},
	{"text error", MemcacheText{}, "ERROR\r\n", Reply{Refused, 0, 0}, ""},
	{"binary value", MemcacheBinary{}, "\x81\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x07" + zeros(12) + "\x00\x00\x00\x00bar", Reply{Value, 3, 28}, "bar"},
	{"binary done", MemcacheBinary{}, "\x81\x01" + zeros(22), Reply{Done, 0, 0}, ""},
	{"binary missing", MemcacheBinary{}, "\x81\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x09" + zeros(12) + "Not found", Reply{Missing, 0, 0}, ""},
}

func zeros(n int) string { return strings.Repeat("\x00", n) }

func TestNext(t *testing.T) {
	for _, c := range replies {
		t.Run(c.name, func(t *testing.T) {
			got, n, err := c.p.Next([]byte(c.bytes + "trailing"))
			if err != nil || n != len(c.bytes) || got != c.want {
				t.Errorf("Next = %+v, %d, %v, want %+v, %d", got, n, err, c.want, len(c.bytes))
			}
			if c.want.Kind == Value && c.bytes[got.Data:got.Data+got.Size] != c.value {
				t.Errorf("value = %q, want %q", c.bytes[got.Data:got.Data+got.Size], c.value)
			}
			for cut := range len(c.bytes) {
				if r, n, err := c.p.Next([]byte(c.bytes[:cut])); n != 0 || err != nil {
					t.Errorf("first %d bytes: %+v, %d, %v, want no reply yet", cut, r, n, err)
				}
			}
		})
	}
}

func TestNextRefusesOtherProtocols(t *testing.T) {
	noise := []byte(strings.Repeat("HTTP/1.1 200 OK\r\n", 200))
	for _, p := range []Protocol{RESP{}, MemcacheMeta{}, MemcacheText{}, MemcacheBinary{}, Gibson{}} {
		r, n, err := p.Next(noise)
		if _, isGibson := p.(Gibson); isGibson {
			// A length comes first there, and that of noise may be huge: the
			// reply is only ever incomplete, never taken for an answer.
			if n != 0 {
				t.Errorf("%s: noise taken for %+v", p.Name(), r)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s: noise taken for %+v of %d bytes, want an error", p.Name(), r, n)
		}
	}
}

func TestRequests(t *testing.T) {
	key, value := []byte("foo"), []byte("bar")
	for _, c := range []struct {
		p        Protocol
		get, set string
		ttl      string
	}{
		{Gibson{}, "\x05\x00\x00\x00\x03\x00foo", "\x0b\x00\x00\x00\x01\x000 foo bar", "\x0b\x00\x00\x00\x01\x009 foo bar"},
		{RESP{}, "*2\r\n$3\r\nGET\r\n$3\r\nfoo\r\n", "*3\r\n$3\r\nSET\r\n$3\r\nfoo\r\n$3\r\nbar\r\n",
			"*5\r\n$3\r\nSET\r\n$3\r\nfoo\r\n$3\r\nbar\r\n$2\r\nEX\r\n$1\r\n9\r\n"},
		{MemcacheMeta{}, "mg foo v\r\n", "ms foo 3\r\nbar\r\n", "ms foo 3 T9\r\nbar\r\n"},
		{MemcacheText{}, "get foo\r\n", "set foo 0 0 3\r\nbar\r\n", "set foo 0 9 3\r\nbar\r\n"},
		{MemcacheBinary{}, "\x80\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x03" + zeros(12) + "foo",
			"\x80\x01\x00\x03\x08\x00\x00\x00\x00\x00\x00\x0e" + zeros(12) + zeros(8) + "foobar",
			"\x80\x01\x00\x03\x08\x00\x00\x00\x00\x00\x00\x0e" + zeros(12) + zeros(7) + "\x09foobar"},
	} {
		if got := string(c.p.AppendGet(nil, key)); got != c.get {
			t.Errorf("%s: GET = %q, want %q", c.p.Name(), got, c.get)
		}
		if got := string(c.p.AppendSet(nil, key, value, 0)); got != c.set {
			t.Errorf("%s: SET = %q, want %q", c.p.Name(), got, c.set)
		}
		if got := string(c.p.AppendSet(nil, key, value, 9)); got != c.ttl {
			t.Errorf("%s: SET with a ttl = %q, want %q", c.p.Name(), got, c.ttl)
		}
	}
}

func FuzzNext(f *testing.F) {
	for _, c := range replies {
		f.Add([]byte(c.bytes))
	}
	f.Add([]byte("*1\r\n*-1\r\n"))
	f.Add([]byte("\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range []Protocol{Gibson{}, RESP{}, MemcacheMeta{}, MemcacheText{}, MemcacheBinary{}} {
			r, n, err := p.Next(b)
			if n < 0 || n > len(b) || (err != nil && n != 0) {
				t.Fatalf("%s: %+v, %d, %v of %d bytes", p.Name(), r, n, err, len(b))
			}
			if n > 0 && r.Kind == Value && (r.Size < 0 || r.Data+r.Size > n) {
				t.Fatalf("%s: value %+v outside its reply of %d bytes", p.Name(), r, n)
			}
			if n > 0 {
				if again, m, err := p.Next(b[:n]); again != r || m != n || err != nil {
					t.Fatalf("%s: %+v, %d, %v alone, but %+v, %d with more behind", p.Name(), again, m, err, r, n)
				}
			}
		}
	})
}

func BenchmarkNext(b *testing.B) {
	value := strings.Repeat("x", 100)
	for _, c := range []struct {
		p     Protocol
		reply string
	}{
		{Gibson{}, "\x06\x00\x00\x64\x00\x00\x00" + value},
		{RESP{}, "$100\r\n" + value + "\r\n"},
		{MemcacheMeta{}, "VA 100\r\n" + value + "\r\n"},
		{MemcacheText{}, "VALUE app:user:00000001:profile 0 100\r\n" + value + "\r\nEND\r\n"},
	} {
		b.Run(c.p.Name(), func(b *testing.B) {
			reply := []byte(c.reply)
			for b.Loop() {
				if _, n, err := c.p.Next(reply); n == 0 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
