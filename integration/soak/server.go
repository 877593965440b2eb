package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is the process that is watched.
type server struct {
	cmd    *exec.Cmd
	socket string
	log    string          // the file of what it writes
	alive  context.Context // ends with the process; its cause says how that ended
	ended  time.Time       // set before alive ends
}

// startServer starts the program as a server whose socket and log are in dir.
func startServer(ctx context.Context, o options, program, dir string) (*server, error) {
	s := &server{socket: filepath.Join(dir, "s"), log: filepath.Join(dir, "log")}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	s.cmd = exec.CommandContext(ctx, program, "serve", "--unix-socket", s.socket, "--admin", o.admin, "--admin-profiles", "yes",
		"--max-memory", o.memory, "--loglevel", "warning", "--log-format", "text")
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	alive, end := context.WithCancelCause(context.WithoutCancel(ctx)) // the end of ctx ends the process first
	s.alive = alive
	go func() {
		_ = s.cmd.Wait() // ProcessState has it
		s.ended = time.Now()
		end(fmt.Errorf("the server ended: %v", s.cmd.ProcessState))
	}()
	return s, nil
}

// stop ends the process and returns an error if that was not as it should be.
func (s *server) stop(hangs bool) error {
	how := syscall.SIGTERM
	if hangs && !s.endsWithin(5*time.Second) {
		how = syscall.SIGQUIT // its goroutines come into the log
	}
	_ = s.cmd.Process.Signal(how) // or it has ended
	var err error
	if !s.endsWithin(time.Minute) {
		err = fmt.Errorf("not within a minute after %v", how)
		_ = s.cmd.Process.Kill()
		<-s.alive.Done()
	}
	if state := s.cmd.ProcessState; !state.Success() {
		err = errors.Join(err, errors.New(state.String()))
	}
	if _, lerr := os.Lstat(s.socket); !errors.Is(lerr, fs.ErrNotExist) {
		err = errors.Join(err, errors.New("the socket is still there"))
	}
	return err
}

func (s *server) endsWithin(d time.Duration) bool {
	select {
	case <-s.alive.Done():
		return true
	case <-time.After(d):
		return false
	}
}

// journal is what a server wrote.
type journal struct {
	faults []string // the first lines that tell of a fault
	count  int      // of such lines
	last   []string
}

// readJournal reads a log.
func readJournal(path string) (j journal, err error) {
	const most = 10
	f, err := os.Open(path)
	if err != nil {
		return j, err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20) // a stack is one line
	for lines.Scan() {
		line := lines.Text()
		if len(line) > 500 {
			line = line[:500] + "..."
		}
		if isFault(line) {
			if j.count++; j.count <= most {
				j.faults = append(j.faults, line)
			}
		}
		if j.last = append(j.last, line); len(j.last) > most {
			j.last = j.last[1:]
		}
	}
	return j, lines.Err()
}

// isFault tells the lines of panics, those that were recovered included, of
// the Go runtime's last words, and of errors.
func isFault(line string) bool {
	for _, what := range []string{"panic", "fatal error:", "level=ERROR", "SIGSEGV", "SIGQUIT", "SIGABRT", "SIGBUS"} {
		if strings.Contains(line, what) {
			return true
		}
	}
	return false
}
