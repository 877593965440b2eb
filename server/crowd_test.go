package server

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// TestMaxClientsPerAddress: one client above the limit is closed at once and
// counted, a unix socket has no limit, who leaves makes room, and the limit
// can be changed.
func TestMaxClientsPerAddress(t *testing.T) {
	log := newLogRecorder()
	srv := &Server{MaxClientsPerAddress: 2, Logger: log.logger()}
	path := start(t, srv)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, srv, l)
	tcp := func() *client {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return newClient(t, conn)
	}
	served := func(c *client) *client {
		t.Helper()
		c.send(req(wire.OpPing, ""))
		c.want("OK")
		return c
	}
	first := served(tcp())
	served(tcp())
	for range 3 {
		tcp().wantEnd()
		served(dial(t, path))
	}
	if st := srv.Stats(); st.RefusedByAddress != 3 || st.Refused != 0 {
		t.Errorf("refused: %d by address, %d others; want 3 and 0", st.RefusedByAddress, st.Refused)
	}
	_ = first.Close()
	for srv.Stats().Clients != 4 {
		runtime.Gosched()
	}
	served(tcp())
	tcp().wantEnd()
	if err := srv.AdjustMaxClientsPerAddress(-1); err == nil || !strings.Contains(err.Error(), "want 0 for no bound or more") {
		t.Errorf("a limit of −1: %v", err)
	}
	if err := srv.AdjustMaxClientsPerAddress(0); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		served(tcp())
	}
}

// TestCrowd counts addresses however they are written, and forgets them.
func TestCrowd(t *testing.T) {
	c := crowd{max: 1}
	four := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1).To4(), Port: 1}
	mapped := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1).To16(), Port: 2}
	other := &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 2}
	if !c.enter(four) || c.enter(mapped) || !c.enter(other) || c.enter(other) {
		t.Errorf("counted %v", c.count)
	}
	if a := (&net.UnixAddr{}); !c.enter(a) || len(c.count) != 2 || !c.enter(nil) {
		t.Error("a client without an IP address was counted")
	}
	c.leave(mapped)
	c.leave(other)
	c.leave(&net.UnixAddr{})
	if len(c.count) != 0 {
		t.Errorf("after all have left: %v", c.count)
	}
}

// remote is a connection from another address.
type remote struct {
	net.Conn
	addr net.Addr
}

func (r remote) RemoteAddr() net.Addr { return r.addr }

func TestServeConnPerAddress(t *testing.T) {
	srv := &Server{Cache: newCache(t, nil), MaxClientsPerAddress: 1}
	if err := srv.setUpOnce(); err != nil {
		t.Fatal(err)
	}
	addr := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}
	srv.crowd.enter(addr)
	_, theirs := net.Pipe()
	if err := srv.ServeConn(remote{theirs, addr}); !errors.Is(err, ErrTooManyFromAddress) {
		t.Errorf("ServeConn: %v, want ErrTooManyFromAddress", err)
	}
}
