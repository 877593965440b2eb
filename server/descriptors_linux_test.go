package server

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gogibson/gibson/wire"
)

// fewDescriptors is the variable that makes TestServeWithFewDescriptors serve,
// on the unix socket of that name, until its standard input ends.
const fewDescriptors = "GIBSON_TEST_SOCKET"

// TestServeWithFewDescriptors is the process that the next test starts.
func TestServeWithFewDescriptors(t *testing.T) {
	path := os.Getenv(fewDescriptors)
	if path == "" || goroutines {
		t.Skip("for another test")
	}
	l, err := ListenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	srv := &Server{Cache: newCache(t, nil), Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 40, Max: 40}); err != nil {
		t.Fatal(err)
	}
	serve(t, srv, l)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		t.Error(err)
	}
}

// TestNoDescriptorsLeft: a server that cannot accept more clients goes on with
// those it has, says so once, and accepts again when some have left.
func TestNoDescriptorsLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	child := exec.Command(os.Args[0], "-test.run=^TestServeWithFewDescriptors$")
	child.Env = append(os.Environ(), fewDescriptors+"="+path)
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, &out
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the clients below have been closed
		_ = stdin.Close()
		if err := child.Wait(); err != nil {
			t.Errorf("the server: %v\n%s", err, out.Bytes())
		}
		if n := strings.Count(out.String(), "accept failed"); n != 1 {
			t.Errorf("%d lines about accepting, want 1:\n%s", n, out.Bytes())
		}
	})
	for guard := time.Now().Add(hangGuard); ; {
		if c, err := net.Dial("unix", path); err == nil {
			_ = c.Close()
			break
		}
		if time.Now().After(guard) {
			t.Fatal("the server does not listen")
		}
	}

	first := dial(t, path)
	val := strings.Repeat("v", 1<<20)
	first.send(req(wire.OpSet, "0 k "+val))
	first.want("=" + val)
	var all []*client
	for range 60 { // more than the server has descriptors
		c := dial(t, path)
		c.send(req(wire.OpPing, ""))
		all = append(all, c)
	}
	for _, c := range all[:5] {
		c.want("OK")
		c.send(req(wire.OpGet, "k")) // more than sockets hold: they leave their loop
	}
	for _, c := range all[:5] {
		c.want("=" + val)
	}
	for _, c := range all[:45] {
		_ = c.Close()
	}
	for _, c := range all[45:] {
		c.want("OK")
	}
	first.send(req(wire.OpPing, ""))
	first.want("OK")
}
