//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
)

// socketMode is the mode of sockets that ListenUnix makes: their owner's only.
const socketMode = 0o700

// backlog is how many clients may wait to be accepted; the system may lower it.
// A client that finds the queue full is refused rather than kept waiting.
const backlog = 4096

// maxName is the length of the longest name that a socket can have.
const maxName = len(syscall.RawSockaddrUnix{}.Path) - 1

// ListenUnix listens on a unix socket at path, with mode 0700 from the first
// moment that it can be connected to. Closing the listener removes the socket,
// unless another has taken its place.
//
// A stale socket, one that nobody accepts on, is replaced. A live one is left
// alone, and so is every file that is not a socket: both are errors. Of
// several servers that start at the same time one gets the path: while
// ListenUnix works it holds a lock on a file beside the socket, which it
// removes afterwards.
func ListenUnix(path string) (net.Listener, error) {
	l, err := listenUnix(path)
	if err != nil {
		return nil, fmt.Errorf("gibson: server: listen on unix socket %s: %w", path, err)
	}
	return l, nil
}

func listenUnix(path string) (*unixListener, error) {
	switch {
	case path == "" || strings.IndexByte(path, 0) >= 0:
		return nil, errors.New("not the name of a file")
	case path[0] == '@':
		return nil, errors.New("a name that begins with @ is no file, and would be open to every user")
	case len(path) > maxName:
		return nil, fmt.Errorf("name has %d bytes, want at most %d", len(path), maxName)
	}
	unlock, err := lockName(path)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := removeStale(path); err != nil {
		return nil, err
	}
	return bindPrivate(path)
}

// lockName excludes every other ListenUnix of the same path, in this process
// and in others, until unlock is called.
//
// Without it a server that has found a stale socket could remove the one that
// another server has put in its place since, and one that is bound but does
// not listen yet would look stale.
func lockName(path string) (unlock func(), err error) {
	name := path + ".lock"
	for {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		if err := flock(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		// The one who held the lock before has removed the file. Who waited
		// for it has locked a file that nobody will find any more.
		mine, err1 := f.Stat()
		there, err2 := os.Lstat(name)
		if err1 == nil && err2 == nil && os.SameFile(mine, there) {
			return func() {
				_ = os.Remove(name) // while the lock is held; at worst an empty file stays
				_ = f.Close()       // ends the lock
			}, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

// flock locks f, and waits for that if need be.
func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			return os.NewSyscallError("flock", err)
		}
	}
}

// removeStale removes the socket at path if nobody accepts on it. Anything
// else that is there is an error.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("there is a file that is not a socket")
	}
	conn, err := net.Dial("unix", path)
	switch {
	case err == nil:
		_ = conn.Close() // nothing was sent
		return errors.New("there is a server that accepts on it")
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	}
	return fmt.Errorf("there is a socket, and whether it is in use cannot be told: %w", err)
}

// bindPrivate returns a listener on a new socket at path that has its mode
// before anyone can connect.
func bindPrivate(path string) (*unixListener, error) {
	// The lock keeps a program that is started at this moment from inheriting
	// the descriptor.
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer func() { _ = f.Close() }() // the listener has a descriptor of its own
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	l, err := listenFile(f, path)
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return l, nil
}

// listenFile makes a listener of a socket that is bound to path.
func listenFile(f *os.File, path string) (*unixListener, error) {
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, err
	}
	id, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	// Until here, connecting is refused.
	if err := syscall.Listen(int(f.Fd()), backlog); err != nil {
		return nil, os.NewSyscallError("listen", err)
	}
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	return &unixListener{UnixListener: l.(*net.UnixListener), path: path, id: id}, nil
}

// unixListener is a listener that removes its socket.
type unixListener struct {
	*net.UnixListener
	path   string
	id     fs.FileInfo // tells this socket from others of the same name
	remove sync.Once
}

// Close removes the socket and stops accepting.
func (l *unixListener) Close() error {
	l.remove.Do(func() {
		if info, err := os.Lstat(l.path); err == nil && os.SameFile(info, l.id) {
			_ = os.Remove(l.path) // it may be gone by now
		}
	})
	return l.UnixListener.Close()
}
