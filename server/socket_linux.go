package server

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// socket is a net.Conn that is made of a descriptor without taking another
// one, unlike net.FileConn: a client that leaves its loop does not lose its
// replies for want of descriptors.
type socket struct {
	*os.File
	remote net.Addr
}

// newSocket takes over fd, which does not block.
func newSocket(fd int, remote net.Addr) *socket {
	return &socket{os.NewFile(uintptr(fd), "client"), remote}
}

// LocalAddr is not used here.
func (s *socket) LocalAddr() net.Addr { return nil }

// RemoteAddr returns the client's address.
func (s *socket) RemoteAddr() net.Addr { return s.remote }

// CloseWrite shuts down the writing side.
func (s *socket) CloseWrite() error {
	raw, err := s.SyscallConn()
	if err != nil {
		return err
	}
	if cerr := raw.Control(func(fd uintptr) { err = unix.Shutdown(int(fd), unix.SHUT_WR) }); cerr != nil {
		return cerr
	}
	return os.NewSyscallError("shutdown", err)
}

// duplicate returns another descriptor of a socket: none of the first three,
// for writing to those may raise SIGPIPE.
func duplicate(conn net.Conn) (fd int, err error) {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return -1, err
	}
	if cerr := raw.Control(func(old uintptr) {
		fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 3)
	}); cerr != nil {
		return -1, cerr
	}
	return fd, err
}
