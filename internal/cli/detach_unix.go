//go:build unix

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// readyVariable tells a process that it is the one in the background, and
// which descriptor the one that started it waits at.
const readyVariable = "GIBSON_READY_FD"

// started is what the process in the background writes once it serves.
const started = "started\n"

// background is the process in the background, as it sees itself.
type background struct{ ready *os.File }

// inBackground returns the process's own part in going into the background,
// nil if it is not the one that was started for that.
func inBackground() (*background, error) {
	text, ok := os.LookupEnv(readyVariable)
	if !ok {
		return nil, nil
	}
	fd, err := strconv.Atoi(text)
	if err != nil || fd < 3 {
		return nil, fmt.Errorf("%s is %q, which is for this program alone to set", readyVariable, text)
	}
	unix.CloseOnExec(fd)
	// Whatever this process starts is not in its place.
	return &background{os.NewFile(uintptr(fd), "ready")}, os.Unsetenv(readyVariable)
}

// settle lets go of the terminal and the directory that the server was
// started from, and says that it serves.
func (b *background) settle() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = null.Close() }() // its copies stay
	if err := os.Chdir("/"); err != nil {
		return err
	}
	for fd := range 3 {
		if err := unix.Dup2(int(null.Fd()), fd); err != nil {
			return os.NewSyscallError("dup2", err)
		}
	}
	_, err = b.ready.WriteString(started)
	return errors.Join(err, b.ready.Close())
}

// detach starts this program again with args, as the leader of a session of
// its own, and returns nil once that one serves. What goes wrong until then
// is said on stderr by the one that it happens to.
func detach(ctx context.Context, args []string, stderr io.Writer) error {
	program, err := os.Executable()
	if err != nil {
		return serverError(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return serverError(err)
	}
	defer func() { _ = r.Close() }() // nothing more comes
	cmd := exec.Command(program, args...)
	if f, ok := stderr.(*os.File); ok {
		// A pipe would end with this process.
		cmd.Stdout, cmd.Stderr = f, f
	}
	cmd.ExtraFiles = []*os.File{w}
	cmd.Env = append(os.Environ(), readyVariable+"=3")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	_ = w.Close() // the end of the pipe that counts is the other process's
	if err != nil {
		return serverError(err)
	}
	// The terminal's signals reach only this process.
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	said, err := io.ReadAll(r)
	if string(said) == started {
		return cmd.Process.Release()
	}
	if waitErr := cmd.Wait(); waitErr != nil {
		err = errors.Join(err, waitErr)
	}
	status := cmd.ProcessState.ExitCode()
	if status <= 0 {
		status = statusServer
	}
	return &failure{status: status, err: errors.Join(errors.New("the server did not start"), err), explained: true}
}
