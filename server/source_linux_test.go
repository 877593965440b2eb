package server

import (
	"net"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gogibson/gibson/wire"
)

// waitRead waits until the peer of a unix socket has read all that was sent.
func waitRead(t *testing.T, conn net.Conn) {
	t.Helper()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for queued := 1; queued > 0; runtime.Gosched() {
		var qerr error
		if err := raw.Control(func(fd uintptr) { queued, qerr = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }); err != nil {
			t.Fatal(err)
		}
		if qerr != nil {
			t.Fatal(qerr)
		}
	}
}

// TestSocketRequestsCutAnywhere is TestRequestsCutAnywhere on a real socket,
// whose sessions read in another way. The sample is short, for to be sure that
// a cut is one takes its time.
func TestSocketRequestsCutAnywhere(t *testing.T) {
	c := dial(t, start(t, &Server{}))
	requests := reqs(req(wire.OpSet, "0 k 41"), req(wire.OpInc, "k"), req(wire.OpGet, "k"), req(wire.OpPing, ""))
	for i := range requests {
		c.send(requests[:i])
		waitRead(t, c.Conn)
		c.send(requests[i:])
		for _, want := range []string{"=41", "#42", "#42", "OK"} {
			c.want(want)
		}
	}
}

// TestIdleSocketHoldsNoBuffers checks what makes idle connections cheap, and
// that the beginning of a request is kept all the same.
func TestIdleSocketHoldsNoBuffers(t *testing.T) {
	srv := &Server{Cache: newCache(t, nil)}
	if err := srv.setUpOnce(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", "") // a name of the system's choice
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c := dial(t, l.Addr().String())
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	s := newSession(srv, conn)
	src, ok := s.src.(*socketSource)
	if !ok {
		t.Fatalf("a unix socket is read by %T", s.src)
	}
	for _, step := range []struct {
		sent []byte
		done bool // there was something to read
		held int  // unparsed bytes afterwards
	}{
		{nil, false, 0},
		{req(wire.OpPing, "")[:3], true, 3},
		{nil, false, 3},
		{req(wire.OpPing, "")[3:], true, 6},
		{nil, false, 6},
	} {
		c.send(step.sent)
		var done bool
		if err := src.raw.Control(func(fd uintptr) { done = src.attempt(fd) }); err != nil {
			t.Fatal(err)
		}
		if done != step.done || (s.work != nil) != done {
			t.Fatalf("after %q: attempt says %v, buffers are held: %v", step.sent, done, s.work != nil)
		}
		held := s.part
		if s.work != nil {
			held = s.work.in.pending()
		}
		if len(held) != step.held {
			t.Fatalf("after %q: %d bytes are held, want %d", step.sent, len(held), step.held)
		}
	}
}
