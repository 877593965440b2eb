//go:build unix

// These tests run the program as a process. They are of package main so that
// the go command runs them again whenever anything that it is built from
// changes.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// hang bounds waits that end at once unless something is broken.
const hang = time.Minute

// buildOnce builds the command into a directory that TestMain removes.
var buildOnce = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "gibson-test"); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "gibson"), ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir, err
})

// built says that buildOnce was called.
var built atomic.Bool

func TestMain(m *testing.M) {
	status := m.Run()
	if built.Load() {
		if dir, _ := buildOnce(); dir != "" {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(status)
}

// build returns the path of the command, built from this tree.
func build(t *testing.T) string {
	t.Helper()
	built.Store(true)
	dir, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "gibson")
}

// daemon is a running "gibson serve".
type daemon struct {
	cmd    *exec.Cmd
	tcp    string        // the address it logged
	log    *bytes.Buffer // complete once exited is closed
	exited chan struct{}
}

// start runs "gibson serve" with args and waits until its log says that it
// listens on TCP.
func start(t *testing.T, bin string, args ...string) *daemon {
	t.Helper()
	d := &daemon{cmd: exec.Command(bin, append([]string{"serve", "--admin", "off"}, args...)...), log: new(bytes.Buffer), exited: make(chan struct{})}
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listening := make(chan string, 1)
	go func() {
		defer close(d.exited)
		tcp := regexp.MustCompile(`msg=listening network=tcp addr=(\S+)`)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			d.log.WriteString(lines.Text() + "\n")
			if m := tcp.FindStringSubmatch(lines.Text()); m != nil {
				listening <- m[1]
			}
		}
		d.cmd.Wait() // the status is in cmd.ProcessState
	}()
	t.Cleanup(func() {
		d.cmd.Process.Kill() // does nothing after the process has ended
		<-d.exited
	})
	select {
	case d.tcp = <-listening:
	case <-d.exited:
		t.Fatalf("gibson serve ended with %v:\n%s", d.cmd.ProcessState, d.log)
	case <-time.After(hang):
		t.Fatal("gibson serve does not say that it listens")
	}
	return d
}

// stop sends the signal and returns the exit status.
func (d *daemon) stop(t *testing.T, sig os.Signal) int {
	t.Helper()
	if err := d.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	select {
	case <-d.exited:
	case <-time.After(hang):
		t.Fatalf("gibson serve does not end after %v", sig)
	}
	return d.cmd.ProcessState.ExitCode()
}

// gibson runs the command and returns its exit status and what it printed.
func gibson(t *testing.T, bin, stdin string, args ...string) (status int, stdout string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.Output()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// TestProcess drives the command as a shell does: a server with both kinds of
// listener, clients of each, and signals.
func TestProcess(t *testing.T) {
	bin := build(t)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			// Not in t.TempDir: a socket's path may not be as long.
			dir, err := os.MkdirTemp("", "gibson")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			socket := filepath.Join(dir, "s")
			d := start(t, bin, "--unix-socket", socket, "--address", "127.0.0.1", "--port", "0", "--max-memory", "64M")

			if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("socket: %v, mode %v, want 0700", err, info.Mode())
			}
			for _, c := range []struct {
				stdin  string
				args   []string
				status int
				stdout string
			}{
				{"", []string{"set", "foo", "bar", "--addr", socket}, 0, "bar"},
				{"", []string{"get", "foo", "--addr", d.tcp}, 0, "bar"},
				{"two\nlines\n", []string{"set", "foo", "-", "--addr", d.tcp}, 0, "two\nlines\n"},
				{"", []string{"ttl", "foo", "-1", "--addr", socket}, 0, "OK\n"},
				{"", []string{"mdel", "nosuch", "--addr", socket}, 1, "0"},
				{"", []string{"mdel", "fo", "--addr", socket}, 0, "1"},
				{"", []string{"get", "foo", "--addr", socket}, 1, ""},
				{"", []string{"get", "--addr", socket}, 2, ""},
			} {
				if status, stdout := gibson(t, bin, c.stdin, c.args...); status != c.status || stdout != c.stdout {
					t.Errorf("gibson %q: status %d, stdout %q, want %d, %q", c.args, status, stdout, c.status, c.stdout)
				}
			}

			// A second server must not take the socket of the first.
			if status, _ := gibson(t, bin, "", "serve", "--unix-socket", socket); status != 3 {
				t.Errorf("serving on a socket in use: status %d, want 3", status)
			}

			// A client that sits there must not keep the server from ending.
			idle, err := net.Dial("unix", socket)
			if err != nil {
				t.Fatal(err)
			}
			defer idle.Close()
			// Only a connection that the server has answered is surely one that
			// it has accepted.
			ping, ok := "\x02\x00\x00\x00\x13\x00", "\x05\x00\x00\x01\x00\x00\x00\x00"
			if _, err := io.WriteString(idle, ping); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(idle, make([]byte, len(ok))); err != nil {
				t.Fatal(err)
			}
			if status := d.stop(t, sig); status != 0 {
				t.Errorf("status %d after %v, want 0; log:\n%s", status, sig, d.log)
			}
			if !strings.Contains(d.log.String(), "msg=stopped") {
				t.Errorf("the log does not end with stopped:\n%s", d.log)
			}
			if _, err := idle.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("the idle client got %v, want the end of the stream", err)
			}
			if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the socket is still there: %v", err)
			}
			if status, _ := gibson(t, bin, "", "ping", "--addr", d.tcp); status != 3 {
				t.Errorf("ping without a server: status %d, want 3", status)
			}
		})
	}
}
