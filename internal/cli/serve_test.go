//go:build unix

package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
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

// serving runs "gibson serve" in the background until stop is called, which
// returns its exit status and all that it logged. serving returns after the
// line of the log that contains ready.
func serving(t *testing.T, ready string, args ...string) (stop func() (status int, log string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, w := io.Pipe()
	status := make(chan int, 1)
	go func() {
		defer w.Close()
		status <- cli.Run(ctx, append([]string{"serve"}, args...), nil, io.Discard, w)
	}()
	var log bytes.Buffer
	lines := bufio.NewScanner(io.TeeReader(r, &log))
	for lines.Scan() && !strings.Contains(lines.Text(), ready) {
		continue
	}
	if lines.Err() != nil || !strings.Contains(log.String(), ready) {
		t.Fatalf("gibson serve %q did not log %q, but:\n%s", args, ready, &log)
	}
	return func() (int, string) {
		cancel()
		for lines.Scan() {
			continue
		}
		return <-status, log.String()
	}
}

func TestServe(t *testing.T) {
	socket := filepath.Join(socketDir(t), "s")
	stop := serving(t, "network=unix addr="+socket, "--unix-socket", socket,
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
	status, log := stop()
	if status != 0 || strings.Contains(log, "network=tcp") || !strings.Contains(log, "msg=stopped") {
		t.Errorf("status %d, want 0, no TCP and an orderly end:\n%s", status, log)
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
