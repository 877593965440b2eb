//go:build unix

package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gogibson/gibson/internal/cli"
)

// socketDir returns a directory whose name is short enough for a socket in it.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gibson")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// running is a "gibson serve" in the background.
type running struct {
	cancel context.CancelFunc
	until  string        // what was logged by the time it was ready
	log    bytes.Buffer  // complete once ended is closed
	ended  chan struct{} // closed after the last line
	status chan int
}

// serving runs "gibson serve". It returns after the line of the log that
// contains ready.
func serving(t *testing.T, ready string, args ...string) *running {
	t.Helper()
	return servingThrough(t, func(log io.Writer) io.Writer { return log }, ready, args...)
}

// servingThrough is serving with a log that goes through what wrap makes of it.
func servingThrough(t *testing.T, wrap func(log io.Writer) io.Writer, ready string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &running{cancel: cancel, ended: make(chan struct{}), status: make(chan int, 1)}
	r, w := io.Pipe()
	go func() {
		defer w.Close()
		s.status <- cli.Run(ctx, append([]string{"serve"}, args...), nil, io.Discard, wrap(w))
	}()
	t.Cleanup(func() {
		cancel()
		<-s.ended
	})
	seen := make(chan string, 1)
	go func() {
		defer close(s.ended)
		defer close(seen)
		told := false
		for lines := bufio.NewScanner(r); lines.Scan(); {
			s.log.WriteString(lines.Text() + "\n")
			if !told && strings.Contains(lines.Text(), ready) {
				told = true
				seen <- s.log.String()
			}
		}
	}()
	var ok bool
	if s.until, ok = <-seen; !ok {
		t.Fatalf("gibson serve %q did not log %q, but:\n%s", args, ready, &s.log)
	}
	return s
}

// end stops the server and returns its exit status and all that it logged.
func (s *running) end() (status int, log string) {
	s.cancel()
	<-s.ended
	return <-s.status, s.log.String()
}

// admin returns the address of the admin endpoint, which is logged before
// those for clients.
func (s *running) admin(t *testing.T) string {
	t.Helper()
	_, line, ok := strings.Cut(s.until, "network=admin addr=")
	if !ok {
		t.Fatalf("no admin endpoint in\n%s", s.until)
	}
	return strings.Fields(line)[0]
}

func TestServe(t *testing.T) {
	socket := filepath.Join(socketDir(t), "s")
	server := serving(t, "network=unix addr="+socket, "--unix-socket", socket, "--admin", "off",
		"--max-memory", "64M", "--max-item-ttl", "1h", "--max-key-size", "10", "--max-value-size", "1K",
		"--compression", "off", "--eviction", "none", "--gc-ratio", "1m", "--max-mem-cron", "1s", "--max-clients", "5",
		"--max-request-size", "4K", "--max-response-size", "64K")
	t.Setenv("GIBSON_ADDR", socket)
	for _, s := range []step{
		{args: words("set foo bar --ttl 100000000"), stdout: "bar"},
		{args: words("meta foo ttl"), stdout: "3600"},
		{args: words("get elevenbytes"), status: 3},
		{args: []string{"set", "foo", strings.Repeat("v", 1025)}, status: 3},
	} {
		if got := run(t, "", s.args...); got.status != s.status || got.stdout != s.stdout {
			t.Errorf("gibson %q: status %d, stdout %q (stderr %q), want %d, %q", s.args, got.status, got.stdout, got.stderr, s.status, s.stdout)
		}
	}
	status, log := server.end()
	if status != 0 || strings.Contains(log, "network=tcp") || !strings.Contains(log, "msg=stopped") {
		t.Errorf("status %d, want 0, no TCP and an orderly end:\n%s", status, log)
	}
	if first, _, _ := strings.Cut(log, "\n"); !strings.Contains(first, "msg=starting version=") || !strings.HasSuffix(first, fmt.Sprint(" pid=", os.Getpid())) {
		t.Errorf("the log begins with %q, want version and pid", first)
	}
	if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestServeCannotListen(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, port, err := net.SplitHostPort(busy.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(socketDir(t), "s")
	got := run(t, "", "serve", "--unix-socket", socket, "--port", port)
	if got.status != 3 || !strings.Contains(got.stderr, busy.Addr().String()) {
		t.Errorf("status %d, stderr %q, want 3 and the address", got.status, got.stderr)
	}
	// The listener that was open already is closed again.
	if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}
