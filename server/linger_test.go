package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson/wire"
)

// halfPipe is one end of two pipes, so that it can be closed for writing. It
// counts what is read from it.
type halfPipe struct {
	net.Conn          // what the other end writes; addresses and deadlines
	out      net.Conn // what this end writes
	read     int
}

func newHalfPipe() (a, b *halfPipe) {
	a1, b1 := net.Pipe()
	a2, b2 := net.Pipe()
	return &halfPipe{Conn: a1, out: a2}, &halfPipe{Conn: b2, out: b1}
}

func (p *halfPipe) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	p.read += n
	return n, err
}
func (p *halfPipe) Write(b []byte) (int, error) { return p.out.Write(b) }
func (p *halfPipe) CloseWrite() error           { return p.out.Close() }
func (p *halfPipe) Close() error                { return errors.Join(p.out.Close(), p.Conn.Close()) }

// unknown is a request that is a protocol error.
var unknown = req(99, "")

// talk serves one connection in a bubble and gives its client's end to fn. It
// returns how long the bubble's clock says that took, once the server is done,
// and what the server read.
func talk(t *testing.T, fn func(c *halfPipe)) (took time.Duration, read int) {
	srv := &Server{Cache: newCache(t, nil)}
	ours, theirs := newHalfPipe()
	start := time.Now()
	var client sync.WaitGroup
	client.Go(func() { fn(ours) })
	if err := srv.ServeConn(theirs); err != nil {
		t.Error(err)
	}
	took = time.Since(start)
	_ = ours.Close()
	client.Wait()
	return took, theirs.read
}

// answered checks that all the server sends is one ERR.
func answered(t *testing.T, c *halfPipe) {
	got, err := io.ReadAll(c)
	if want := wire.AppendCode(nil, wire.CodeErr); err != nil || !bytes.Equal(got, want) {
		t.Errorf("answered %x, %v, want %x", got, err, want)
	}
}

func TestLingerEndsWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, _ := talk(t, func(c *halfPipe) {
			_, _ = c.Write(unknown)
			answered(t, c)
			time.Sleep(300 * time.Millisecond)
			_ = c.Close()
		})
		if took != 300*time.Millisecond {
			t.Errorf("the server closed after %v, want when the client did", took)
		}
	})
}

// TestLingerAfterEnd checks that bytes that arrive once END has been answered
// do not reset the connection, with which the answer could be lost.
func TestLingerAfterEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, read := talk(t, func(c *halfPipe) {
			_, _ = c.Write(req(wire.OpEnd, ""))
			got, err := io.ReadAll(c)
			if want := wire.AppendCode(nil, wire.CodeOK); err != nil || !bytes.Equal(got, want) {
				t.Errorf("answered %x, %v, want %x", got, err, want)
			}
			time.Sleep(300 * time.Millisecond)
			if _, err := c.Write(req(wire.OpPing, "")); err != nil {
				t.Errorf("a request behind END: %v", err)
			}
			_ = c.Close()
		})
		if want := len(req(wire.OpEnd, "")) + len(req(wire.OpPing, "")); took != 300*time.Millisecond || read != want {
			t.Errorf("the server closed after %v and %d bytes, want 300ms and %d", took, read, want)
		}
	})
}

func TestLingerIsBoundedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, _ := talk(t, func(c *halfPipe) {
			_, _ = c.Write(unknown)
			answered(t, c)
			for { // a client that goes on for ever
				if _, err := c.Write(req(wire.OpPing, "")); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
		if took != lingerTime {
			t.Errorf("the server closed after %v, want %v", took, lingerTime)
		}
	})
}

func TestLingerIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, read := talk(t, func(c *halfPipe) {
			_, _ = c.Write(unknown)
			answered(t, c)
			flood := make([]byte, 1<<20)
			for {
				if _, err := c.Write(flood); err != nil {
					return
				}
			}
		})
		if took != 0 {
			t.Errorf("the server closed after %v, want as soon as it had read enough", took)
		}
		if read < lingerBytes || read > lingerBytes+2*blockSize {
			t.Errorf("the server read %d bytes, want %d and not much more", read, lingerBytes)
		}
	})
}

// TestNoLingerWithoutHalfClose: where writing cannot be shut down the client
// would wait for the end all that time.
func TestNoLingerWithoutHalfClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		srv := &Server{Cache: newCache(t, nil)}
		begun := time.Now()
		go func() { _, _ = ours.Write(unknown) }()
		go func() { _, _ = io.ReadAll(ours) }()
		if err := srv.ServeConn(theirs); err != nil {
			t.Error(err)
		}
		if d := time.Since(begun); d != 0 {
			t.Errorf("the server closed after %v, want at once", d)
		}
	})
}

// TestShutdownLingers checks that a client which was being served when the
// server was told to stop can read its replies before the connection is gone.
func TestShutdownLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &Server{Cache: newCache(t, nil)}
		hookGet(srv, func([]byte) { srv.halt((*session).hurry) })
		ours, theirs := newHalfPipe()
		begun := time.Now()
		go func() {
			_, _ = ours.Write(req(wire.OpGet, "k"))
			got, err := io.ReadAll(ours)
			if want := wire.AppendCode(nil, wire.CodeNotFound); err != nil || !bytes.Equal(got, want) {
				t.Errorf("answered %x, %v, want %x", got, err, want)
			}
			time.Sleep(300 * time.Millisecond)
			_ = ours.Close()
		}()
		if err := srv.ServeConn(theirs); err != nil {
			t.Error(err)
		}
		if d := time.Since(begun); d != 300*time.Millisecond {
			t.Errorf("the server closed after %v, want when the client did", d)
		}
	})
}

// TestIdleTimeoutDoesNotDelayShutdown: the deadline of a wait that begins now
// must not replace the one by which Shutdown ends it.
func TestIdleTimeoutDoesNotDelayShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &Server{Cache: newCache(t, nil), IdleTimeout: time.Hour}
		if err := srv.setUpOnce(); err != nil {
			t.Fatal(err)
		}
		ours, theirs := net.Pipe()
		defer func() { _ = ours.Close() }()
		s := newSession(srv, theirs)
		srv.stopping.Store(true)
		s.hurry()
		begun := time.Now()
		if err := s.read(); err != errIdle {
			t.Errorf("read: %v, want errIdle", err)
		}
		if d := time.Since(begun); d != 0 {
			t.Errorf("read took %v", d)
		}
		s.cut()
	})
}

func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &Server{Cache: newCache(t, nil), IdleTimeout: 5 * time.Second}
		ours, theirs := net.Pipe()
		begun := time.Now()
		go func() {
			time.Sleep(4 * time.Second)
			_, _ = ours.Write(req(wire.OpPing, "")[:3])
			time.Sleep(4 * time.Second)
			_, _ = ours.Write(req(wire.OpPing, "")[3:])
		}()
		go func() { _, _ = io.ReadAll(ours) }()
		if err := srv.ServeConn(theirs); err != nil {
			t.Error(err)
		}
		if d := time.Since(begun); d != 13*time.Second {
			t.Errorf("the server closed after %v, want 5s after the last byte", d)
		}
	})
}

func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &Server{Cache: newCache(t, nil), WriteTimeout: 3 * time.Second}
		ours, theirs := net.Pipe()
		begun := time.Now()
		go func() { _, _ = ours.Write(req(wire.OpPing, "")) }() // never reads
		if err := srv.ServeConn(theirs); err != nil {
			t.Error(err)
		}
		if d := time.Since(begun); d != 3*time.Second {
			t.Errorf("the server closed after %v, want 3s", d)
		}
	})
}

// TestWriteTimeoutSparesTheSlow checks that a client that takes its replies
// bit by bit gets all of them, however long that takes.
func TestWriteTimeoutSparesTheSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &Server{Cache: newCache(t, nil), WriteTimeout: 3 * time.Second}
		ours, theirs := net.Pipe()
		want := wire.AppendCode(nil, wire.CodeOK)
		var got []byte
		var client sync.WaitGroup
		client.Go(func() {
			_, _ = ours.Write(req(wire.OpPing, ""))
			for range want {
				time.Sleep(2 * time.Second)
				var b [1]byte
				if _, err := ours.Read(b[:]); err != nil {
					t.Errorf("after %d bytes: %v", len(got), err)
					break
				}
				got = append(got, b[0])
			}
			_ = ours.Close()
		})
		if err := srv.ServeConn(theirs); err != nil {
			t.Error(err)
		}
		client.Wait()
		if !bytes.Equal(got, want) {
			t.Errorf("got %x, want %x", got, want)
		}
	})
}

// TestReadErrors checks that a failing connection ends its session.
func TestReadErrors(t *testing.T) {
	srv := &Server{Cache: newCache(t, nil)}
	if err := srv.ServeConn(failingConn{err: os.ErrPermission}); err != nil {
		t.Error(err)
	}
	if err := srv.ServeConn(failingConn{}); err != nil { // 0 bytes and no error, for ever
		t.Error(err)
	}
}

type failingConn struct {
	net.Conn
	err error
}

func (c failingConn) Read([]byte) (int, error) { return 0, c.err }
func (c failingConn) Close() error             { return nil }
func (c failingConn) RemoteAddr() net.Addr     { return nil }
