package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// sampleSession is a session with every command, good and bad requests, that
// can be repeated: it removes what it makes. The replies follow, one a line.
func sampleSession() (requests []byte, replies string) {
	var want []string
	add := func(op wire.Opcode, payload, reply string) {
		requests = append(requests, req(op, payload)...)
		want = append(want, reply)
	}
	add(wire.OpPing, "anything", "OK")
	add(wire.OpSet, "0 s:a one two", "=one two")
	add(wire.OpMDel, "s:", "#1")
	add(wire.OpGet, "s:a", "NOT_FOUND")
	add(wire.OpSet, "0 s:a 5", "=5")
	add(wire.OpSet, "0 s:b \x00\xff ", "=\x00\xff ")
	add(wire.OpGet, "s:a junk", "=5")
	add(wire.OpInc, "s:a", "#6")
	add(wire.OpDec, "s:a", "#5")
	add(wire.OpGet, "s:a", "#5")
	add(wire.OpInc, "s:b", "NAN")
	add(wire.OpTTL, "s:a 100", "OK")
	add(wire.OpTTL, "s:a x", "NAN")
	add(wire.OpTTL, "s:none x", "NOT_FOUND")
	add(wire.OpMeta, "s:a bogus", "ERR")
	add(wire.OpMeta, "s:none bogus", "NOT_FOUND")
	add(wire.OpKeys, "s:", "{0=s:a 1=s:b}")
	add(wire.OpMGet, "s: 1", "{s:a=5}")
	add(wire.OpMGet, "s: x", "NAN")
	add(wire.OpMGet, "s: ", "ERR")
	add(wire.OpCount, "s:", "#2")
	add(wire.OpCount, "none", "#0")
	add(wire.OpKeys, "none", "NOT_FOUND")
	add(wire.OpGet, "", "ERR")
	add(wire.OpSet, "x s:c v", "NAN")
	add(wire.OpSet, "0 s:c", "ERR")
	add(wire.OpSet, "0 s:c "+strings.Repeat("v", 300), "="+strings.Repeat("v", 300))
	add(wire.OpDel, "s:c", "OK")
	add(wire.OpDel, "s:c", "NOT_FOUND")
	add(wire.OpMDel, "s:", "#2")
	add(wire.OpEnd, "", "OK")
	return requests, strings.Join(want, "\n")
}

// transcript turns raw replies into text as sampleSession gives it.
func transcript(t *testing.T, raw []byte) string {
	t.Helper()
	var lines []string
	for len(raw) > 0 {
		r, n, err := wire.ParseReply(raw, 0)
		if err != nil {
			t.Fatalf("reply %d: %v", len(lines)+1, err)
		}
		lines = append(lines, show(r))
		raw = raw[n:]
	}
	return strings.Join(lines, "\n")
}

// exchange sends the pieces, each of which is read before the next is sent,
// and returns everything that is answered.
func exchange(t *testing.T, srv *Server, pieces ...[]byte) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(theirs) }()
	c := newClient(t, ours)
	go func() {
		for _, p := range pieces {
			if _, err := c.Write(p); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("write: %v", err)
			}
		}
	}()
	got := c.readAll()
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRequestsCutAnywhere(t *testing.T) {
	requests, want := sampleSession()
	srv := &Server{Cache: newCache(t, nil)}
	whole := exchange(t, srv, requests)
	if got := transcript(t, whole); got != want {
		t.Fatalf("whole session: got\n%s\nwant\n%s", got, want)
	}
	for i := 1; i < len(requests); i++ {
		if got := exchange(t, srv, requests[:i], requests[i:]); !bytes.Equal(got, whole) {
			t.Fatalf("cut after %d bytes: got\n%s\nwant\n%s", i, transcript(t, got), want)
		}
	}
	var bytewise [][]byte
	for i := range requests {
		bytewise = append(bytewise, requests[i:i+1])
	}
	if got := exchange(t, srv, bytewise...); !bytes.Equal(got, whole) {
		t.Fatalf("byte by byte: got\n%s\nwant\n%s", transcript(t, got), want)
	}
}

// TestManyPipelined sends more requests than a batch and an input buffer hold,
// in one write, and reads while writing, as one must.
func TestManyPipelined(t *testing.T) {
	path := start(t, &Server{})
	c := dial(t, path)
	const n = 5000
	var all []byte
	for i := range n {
		all = append(all, req(wire.OpSet, fmt.Sprintf("0 key:%d value-%d", i%7, i))...)
	}
	go c.send(all)
	for i := range n {
		c.want(fmt.Sprintf("=value-%d", i))
	}
	c.send(req(wire.OpCount, "key:"))
	c.want("#7")
}

// TestPipelinedWithoutSocket is TestManyPipelined where the server cannot read
// a socket's descriptor.
func TestPipelinedWithoutSocket(t *testing.T) {
	const n = 5000
	var all []byte
	var want []string
	for i := range n {
		all = append(all, req(wire.OpSet, fmt.Sprintf("0 key:%d value-%d", i%7, i))...)
		want = append(want, fmt.Sprintf("=value-%d", i))
	}
	all = append(all, req(wire.OpEnd, "")...)
	got := transcript(t, exchange(t, &Server{Cache: newCache(t, nil)}, all))
	if got != strings.Join(want, "\n")+"\nOK" {
		t.Errorf("%d requests were answered wrongly or not in order", n)
	}
}

func TestBatchBounds(t *testing.T) {
	srv := &Server{MaxBatchRequests: 3, MaxBatchBytes: 100}
	c := dial(t, start(t, srv))
	c.send(req(wire.OpSet, "0 k "+strings.Repeat("v", 90)))
	c.want("=" + strings.Repeat("v", 90))
	before := srv.Stats().Batches
	const n = 12
	// One write of a few hundred bytes is one read here: a stream socket gives
	// all that it has.
	c.send(bytes.Repeat(req(wire.OpPing, ""), n))
	for range n {
		c.want("OK")
	}
	if got := srv.Stats().Batches - before; got < n/3 {
		t.Errorf("%d PINGs were executed in %d batches, want at least %d", n, got, n/3)
	}
	before = srv.Stats().Batches
	c.send(bytes.Repeat(req(wire.OpGet, "k"), n))
	for range n {
		c.want("=" + strings.Repeat("v", 90))
	}
	// Two replies pass 100 bytes.
	if got := srv.Stats().Batches - before; got < n/2 {
		t.Errorf("%d GETs were executed in %d batches, want at least %d", n, got, n/2)
	}
}

func TestHalfClose(t *testing.T) {
	c := dial(t, start(t, &Server{}))
	c.send(reqs(req(wire.OpSet, "0 k v"), req(wire.OpGet, "k"), req(wire.OpInc, "k"), []byte{2, 0, 0}))
	if err := c.Conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, want := transcript(t, c.readAll()), "=v\n=v\nNAN"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestEnd(t *testing.T) {
	srv := &Server{}
	c := dial(t, start(t, srv))
	c.send(reqs(req(wire.OpEnd, "bye now"), req(wire.OpSet, "0 k v"), []byte("\x00\x00\x00\x00")))
	if got, want := transcript(t, c.readAll()), "OK"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, ok, _ := srv.Cache.Get("k"); ok {
		t.Error("a request after END was executed")
	}
	if n := srv.Stats().ProtocolErrors; n != 0 {
		t.Errorf("%d protocol errors, want none: what follows END is not looked at", n)
	}
}

func TestProtocolErrors(t *testing.T) {
	length := func(n uint32) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)} }
	tests := []struct {
		name     string
		bad      []byte
		requests int64 // how many STATS counts for it
	}{
		{"length 0", length(0), 0},
		{"length 1", append(length(1), 19), 0},
		{"length above the limit", length(1001), 0},
		{"largest length", length(1<<32 - 1), 0},
		{"opcode 0", req(0, "foo"), 1},
		{"opcode 22", req(22, "foo"), 1},
		{"opcode 32", req(32, "foo"), 1},
		{"opcode 254", req(254, "foo"), 1},
		{"opcode 256", req(256, "foo"), 1},
		{"opcode 65535", req(65535, ""), 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			srv := &Server{MaxRequestSize: 1000}
			c := dial(t, start(t, srv))
			c.send(reqs(req(wire.OpSet, "0 k v"), req(wire.OpGet, "k"), test.bad, req(wire.OpSet, "0 after v"), req(wire.OpPing, "")))
			if got, want := transcript(t, c.readAll()), "=v\n=v\nERR"; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if _, ok, _ := srv.Cache.Get("after"); ok {
				t.Error("a request after the bad one was executed")
			}
			st := srv.Stats()
			if st.ProtocolErrors != 1 {
				t.Errorf("%d protocol errors counted, want 1", st.ProtocolErrors)
			}
			if want := 2 + test.requests; st.Requests != want {
				t.Errorf("%d requests counted, want %d", st.Requests, want)
			}
		})
	}
	t.Run("largest request", func(t *testing.T) {
		c := dial(t, start(t, &Server{MaxRequestSize: 1000}))
		val := strings.Repeat("v", 1000-2-len("0 k "))
		c.send(req(wire.OpSet, "0 k "+val))
		c.want("=" + val)
	})
}

// TestFloodAfterProtocolError goes on sending after a bad request: the ERR
// must arrive all the same, and after it the end, not a connection reset.
func TestFloodAfterProtocolError(t *testing.T) {
	srv := &Server{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	path := start(t, srv)
	serve(t, srv, l)
	for _, a := range []net.Addr{l.Addr(), &net.UnixAddr{Name: path, Net: "unix"}} {
		for _, bad := range [][]byte{{0, 0, 0, 0}, unknown, req(wire.OpEnd, "")} {
			conn, err := net.Dial(a.Network(), a.String())
			if err != nil {
				t.Fatal(err)
			}
			c := newClient(t, conn)
			want := "ERR"
			if bytes.Equal(bad, req(wire.OpEnd, "")) {
				want = "OK"
			}
			// More than the sockets' buffers hold, in the same write.
			all := append(bytes.Clone(bad), make([]byte, 4<<20)...)
			go func() { _, _ = c.Write(all) }()
			if got := transcript(t, c.readAll()); got != want {
				t.Errorf("%s: % x was answered with %q, want %s", a.Network(), bad, got, want)
			}
		}
	}
}

// TestResponseLimit checks that a reply of pairs beyond the limit becomes ERR
// without a trace, and that the connection goes on.
func TestResponseLimit(t *testing.T) {
	// 4 bytes of count, then per pair 9 + 1 + 4.
	const pair = 9 + 1 + 4
	c := dial(t, start(t, &Server{MaxResponseSize: 4 + 3*pair}))
	for _, k := range []string{"aaaa", "aaab", "aaac"} {
		c.send(req(wire.OpSet, "0 "+k+" v"))
		c.want("=v")
	}
	all := reqs(req(wire.OpPing, ""), req(wire.OpKeys, "aaa"), req(wire.OpMGet, "aaa"), req(wire.OpGet, "aaaa"))
	c.send(all)
	c.want("OK")
	c.want("{0=aaaa 1=aaab 2=aaac}")
	c.want("{aaaa=v aaab=v aaac=v}")
	c.want("=v")
	c.send(req(wire.OpSet, "0 aaad v"))
	c.want("=v")
	c.send(all)
	c.want("OK")
	c.want("ERR")
	c.want("ERR")
	c.want("=v")
	c.send(req(wire.OpMGet, "aaa 3"))
	c.want("{aaaa=v aaab=v aaac=v}")
	c.send(reqs(req(wire.OpStats, ""), req(wire.OpPing, "")))
	c.want("ERR")
	c.want("OK")
	c.send(req(wire.OpSet, "0 big "+strings.Repeat("v", 1000)))
	c.want("=" + strings.Repeat("v", 1000))
}

// TestBigValues sends and fetches values of many sizes around those of the
// buffers.
func TestBigValues(t *testing.T) {
	c := dial(t, start(t, &Server{}))
	for _, n := range []int{1, blockSize - 20, blockSize, blockSize + 1, 100_000, 1 << 20, 2096127} {
		val := strings.Repeat("0123456789", n/10+1)[:n]
		go c.send(reqs(req(wire.OpSet, "0 k "+val), req(wire.OpGet, "k"), req(wire.OpPing, ""), req(wire.OpGet, "k")))
		c.want("=" + val)
		c.want("=" + val)
		c.want("OK")
		c.want("=" + val)
	}
}

// TestSlowReader checks that a client which asks for much and reads nothing
// holds up nobody else.
func TestSlowReader(t *testing.T) {
	path := start(t, &Server{})
	c := dial(t, path)
	val := strings.Repeat("v", 1<<20)
	c.send(req(wire.OpSet, "0 big "+val))
	c.want("=" + val)
	slow := dial(t, path)
	slow.send(bytes.Repeat(req(wire.OpGet, "big"), 64)) // never read
	for i := range 200 {
		c.send(req(wire.OpInc, "n"))
		c.want(fmt.Sprintf("#%d", i+1))
	}
}
