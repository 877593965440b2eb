//go:build unix

package gibson

import (
	"net"
	"syscall"
)

// tryWriter writes to a socket without ever waiting for room in it. It has no
// lock: only the connection's writer uses it.
type tryWriter struct {
	raw syscall.RawConn
	buf []byte // what is to be written
	n   int    // how much of it was
	err error
	fn  func(fd uintptr) bool // the method once, kept so that a write does not allocate
}

// newTryWriter returns a writer to nc, nil if nc is not a plain socket.
func newTryWriter(nc net.Conn) *tryWriter {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return nil
	}
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil
	}
	w := &tryWriter{raw: raw}
	w.fn = w.once
	return w
}

// write writes as much of b as the socket has room for and returns how much
// that was. Less than len(b) without an error says that there is no more room.
func (w *tryWriter) write(b []byte) (n int, err error) {
	w.buf, w.n, w.err = b, 0, nil
	err = w.raw.Write(w.fn)
	w.buf = nil
	if err == nil {
		err = w.err
	}
	return w.n, err
}

// once is called with the socket. It always returns true: do not wait.
func (w *tryWriter) once(fd uintptr) bool {
	for w.n < len(w.buf) {
		n, err := syscall.Write(int(fd), w.buf[w.n:])
		switch {
		case n > 0:
			w.n += n
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return true
		default:
			w.err = &net.OpError{Op: "write", Err: err}
			return true
		}
	}
	return true
}
