package server

import (
	"errors"
	"io"
	"net"
	"time"
)

// source reads a session's connection into its input. There are two: one for
// sockets, which waits without a buffer, and one for everything else.
type source interface {
	// read waits until bytes arrive, acquires the session's workspace if it
	// has none, and adds the bytes to its input. It returns io.EOF when the
	// client has sent all it will.
	read() error
}

// errIdle says that a session was told to end while it waited for its client.
var errIdle = errors.New("gibson: server: told to end while idle")

// read waits for bytes from the client.
func (s *session) read() error {
	if d := time.Duration(s.srv.idleTimeout.Load()); d > 0 || s.readBound {
		if err := s.conn.SetReadDeadline(deadline(d)); err != nil {
			return err
		}
		s.readBound = d > 0
		// The new deadline may have replaced the one by which hurry wants to
		// end this wait. hurry comes after stopping is set.
		if s.srv.stopping.Load() {
			return errIdle
		}
	}
	err := s.src.read()
	if err != nil && s.srv.stopping.Load() {
		return errIdle
	}
	return err
}

// deadline returns the end of a time that begins now, or none for zero.
func deadline(d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
}

// connSource reads by net.Conn's Read, which needs a buffer while it waits.
// That one is small, until the client turns out to send more at a time.
type connSource struct {
	s     *session
	full  bool // the last read filled what it was given
	first [512]byte
}

func (c *connSource) read() error {
	s := c.s
	if s.work != nil && !c.full {
		s.park()
	}
	if s.work != nil {
		room := s.work.in.room()
		n, err := readSome(s.conn, room)
		c.full = n == len(room)
		s.work.in.added(n)
		return err
	}
	n, err := readSome(s.conn, c.first[:])
	if n > 0 {
		c.full = n == len(c.first)
		s.acquire()
		s.work.in.added(copy(s.work.in.room(), c.first[:n]))
	}
	return err
}

// readSome reads at least one byte, or returns an error and none.
func readSome(conn net.Conn, b []byte) (int, error) {
	for range 100 {
		n, err := conn.Read(b)
		if n > 0 {
			return n, nil // the error will be back
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}
