// Package proc runs the servers under test as processes of their own and
// reads what the operating system says about them.
package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Placeholders in a server's command line.
const (
	Socket    = "{socket}"    // path of the unix socket to listen on
	Directory = "{directory}" // directory of its own
)

// Server is a running server process.
type Server struct {
	Name    string
	Address string // path of its unix socket
	Dir     string // directory of its own, removed by Stop
	Command string // as it was started

	cmd    *exec.Cmd
	output bytes.Buffer // what it wrote, for error messages; read after exit
	exited chan struct{}
	err    error // of the process; read after exited is closed
}

// Start starts a server, with placeholders in argv replaced, and waits until
// its socket accepts connections. files are written into its directory first,
// their contents with the same placeholders. The caller must Stop it.
func Start(ctx context.Context, name string, argv []string, files map[string]string) (*Server, error) {
	dir, err := os.MkdirTemp("", "bench-"+name+"-")
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	s := &Server{Name: name, Dir: dir, Address: filepath.Join(dir, "socket"), exited: make(chan struct{})}
	fill := strings.NewReplacer(Socket, s.Address, Directory, dir).Replace
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(fill(text)), 0o600); err != nil {
			return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), os.RemoveAll(dir))
		}
	}
	args := make([]string, len(argv))
	for i, a := range argv {
		args[i] = fill(a)
	}
	s.Command = strings.Join(argv, " ")
	s.cmd = exec.Command(args[0], args[1:]...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, &s.output, &s.output
	// A server of its own group does not get the terminal's interrupt: Stop
	// ends it, after the figures were read.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), os.RemoveAll(dir))
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s (%s): %w", name, strings.Join(args, " "), err), s.Stop())
	}
	return s, nil
}

// ready waits until the socket accepts connections.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := net.Dial("unix", s.Address); err == nil {
			return c.Close()
		}
		select {
		case <-tick.C:
		case <-s.exited:
			return fmt.Errorf("it ended (%w): %.400s", errors.Join(s.err), s.output.String())
		case <-ctx.Done():
			return fmt.Errorf("its socket does not open: %w", ctx.Err())
		}
	}
}

// Pid returns the process's number.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Err returns an error if the server has ended by itself.
func (s *Server) Err() error {
	select {
	case <-s.exited:
		return fmt.Errorf("%s ended: %w: %.400s", s.Name, errors.Join(s.err, errors.New("not asked to")), s.output.String())
	default:
		return nil
	}
}

// Stop ends the process, by force after five seconds, and removes its
// directory. It may be called more than once.
func (s *Server) Stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	timer := time.NewTimer(5 * time.Second)
	defer timer.Stop()
	select {
	case <-s.exited:
	case <-timer.C:
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
	return os.RemoveAll(s.Dir)
}
