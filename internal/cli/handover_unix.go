//go:build unix

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gogibson/gibson/internal/snapshot"
)

// handOverVariable tells a process that it is a successor: it holds the keys of
// the sockets as JSON. The descriptor of the socket pair is firstFile, those of
// the sockets follow.
const handOverVariable = "GIBSON_HANDOVER"

// firstFile is the first descriptor that a process is started with beside the
// standard streams.
const firstFile = 3

// notifyHandOver lets the signal that asks for a hand-over come to c.
func notifyHandOver(c chan<- os.Signal) { signal.Notify(c, syscall.SIGUSR2) }

// inheritance returns the predecessor, nil if this process is no successor.
func inheritance() (*predecessor, error) {
	text, ok := os.LookupEnv(handOverVariable)
	if !ok {
		return nil, nil
	}
	// Whatever this process starts is not in its place.
	if err := os.Unsetenv(handOverVariable); err != nil {
		return nil, err
	}
	var keys []string
	if err := json.Unmarshal([]byte(text), &keys); err != nil {
		return nil, fmt.Errorf("%s is %q, which is for this program alone to set", handOverVariable, text)
	}
	for i := range len(keys) + 1 {
		unix.CloseOnExec(firstFile + i)
	}
	f := os.NewFile(firstFile, "hand-over")
	control, err := net.FileConn(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", handOverVariable, err)
	}
	p := &predecessor{control: control, files: make(map[string]*os.File)}
	for i, key := range keys {
		p.files[key] = os.NewFile(uintptr(firstFile+1+i), key)
	}
	return p, nil
}

// successor is a process that is about to take over.
type successor struct {
	cmd     *exec.Cmd
	control net.Conn
}

// spawn starts a successor with the sockets and returns once it is ready. It
// gives up when ctx ends.
func (d *daemon) spawn(ctx context.Context, sockets []*socket) (*successor, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	mine, its, err := socketPair()
	if err != nil {
		return nil, err
	}
	files := []*os.File{its}
	defer func() {
		for _, f := range files {
			_ = f.Close() // the successor has its own
		}
	}()
	var keys []string
	for _, s := range sockets {
		f, err := s.file()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", s.key, err), mine.Close())
		}
		files, keys = append(files, f), append(keys, s.key)
	}
	text, err := json.Marshal(keys)
	if err != nil {
		return nil, errors.Join(err, mine.Close())
	}
	cmd := exec.Command(program, d.args...)
	cmd.Dir = d.sources.base // where relative paths of args begin
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = files
	cmd.Env = append(os.Environ(), handOverVariable+"="+string(text))
	if d.config.Daemonize {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, mine.Close())
	}
	n := &successor{cmd, mine}
	// The successor's own end must be closed here, or its end is not noticed.
	_ = its.Close()
	// Closed, and not only given a deadline, which hear would set anew.
	stop := context.AfterFunc(ctx, func() { _ = mine.Close() })
	err = hear(mine, saysReady)
	if !stop() {
		err = errors.Join(context.Cause(ctx), err)
	}
	if err != nil {
		return nil, errors.Join(err, n.kill())
	}
	return n, nil
}

// file returns another descriptor of the socket. The listener's own File would
// do, but what it returns becomes blocking when it is passed on, and with it the
// socket: the end of an Accept that waits could not be told to it any more.
func (s *socket) file() (*os.File, error) {
	l, ok := s.Listener.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("%T: %w", s.Listener, errors.ErrUnsupported)
	}
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var dupErr error
	err = raw.Control(func(own uintptr) { fd, dupErr = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) })
	if err := errors.Join(err, dupErr); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), s.key), nil
}

// socketPair returns a connection and a file that is its other end.
func socketPair() (net.Conn, *os.File, error) {
	syscall.ForkLock.RLock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	mine, its := os.NewFile(uintptr(fds[0]), "hand-over"), os.NewFile(uintptr(fds[1]), "hand-over")
	conn, err := net.FileConn(mine)
	if err := errors.Join(err, mine.Close()); err != nil {
		return nil, nil, errors.Join(err, its.Close())
	}
	return conn, its, nil
}

// kill ends the successor, which serves nobody afterwards.
func (n *successor) kill() error {
	_ = n.control.Close()    // nothing more is to be said
	_ = n.cmd.Process.Kill() // it may have ended by itself
	if err := n.cmd.Wait(); err != nil {
		return fmt.Errorf("the process that was to take over: %w", err)
	}
	return nil
}

// give sends the items to the successor, which serves when give returns
// without an error. If this process was told to end meanwhile, it tells the
// other one.
func (d *daemon) give(ctx context.Context, n *successor) error {
	begun := time.Now()
	w, err := snapshot.NewWriter(patient{n.control}, begun, false)
	if err == nil {
		err = w.AddAll(context.Background(), d.cache.Export(), d.keeper.progress("items being handed over", int64(0)))
	}
	var totals snapshot.Totals
	if err == nil {
		totals, err = w.Close()
	}
	if err == nil {
		err = hear(n.control, saysLoaded)
	}
	if err != nil {
		return errors.Join(err, n.kill())
	}
	pid := n.cmd.Process.Pid
	d.notify("MAINPID=" + strconv.Itoa(pid))
	d.log.Info("handed over", "pid", pid, "items", totals.Items, "took", since(begun))
	if ctx.Err() != nil {
		_ = n.cmd.Process.Signal(syscall.SIGTERM) // it fails if that has ended as well
	}
	_ = n.control.Close() // everything was said
	_ = n.cmd.Process.Release()
	return nil
}
