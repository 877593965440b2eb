//go:build unix

package server

import (
	"io"
	"net"
	"os"
	"syscall"
)

// socketSource reads by the connection's descriptor, so that a buffer is
// needed only once there are bytes: of a thousand idle connections none holds
// one, and the busy ones share a few that stay in the processor's cache.
type socketSource struct {
	s   *session
	raw syscall.RawConn
	try func(fd uintptr) bool // attempt, bound once: a closure per read would be an allocation
	err error                 // what the last attempt ended with
}

// newSource returns the source that suits the session's connection.
func newSource(s *session) source {
	var sc syscall.Conn
	switch c := s.conn.(type) {
	case *net.UnixConn:
		sc = c
	case *net.TCPConn:
		sc = c
	default:
		// Other types may have descriptors too, but their bytes need not be
		// the client's: TLS.
		return &connSource{s: s}
	}
	return newSocketSource(s, sc)
}

func newSocketSource(s *session, sc syscall.Conn) source {
	raw, err := sc.SyscallConn()
	if err != nil {
		return &connSource{s: s}
	}
	r := &socketSource{s: s, raw: raw}
	r.try = r.attempt
	return r
}

func (r *socketSource) read() error {
	if err := r.raw.Read(r.try); err != nil {
		return err
	}
	return r.err
}

// attempt reads what there is and returns true, or returns false to be called
// again when there is something. It holds no buffer in between unless that
// has the beginning of a request in it.
func (r *socketSource) attempt(fd uintptr) bool {
	s := r.s
	s.acquire()
	room := s.work.in.room()
	for {
		n, err := syscall.Read(int(fd), room)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			s.park()
			return false
		case err != nil:
			r.err = os.NewSyscallError("read", err)
		case n == 0:
			r.err = io.EOF
		default:
			r.err = nil
			s.work.in.added(n)
		}
		return true
	}
}
