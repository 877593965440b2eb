//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package server

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// leaveStale makes a socket at path that nobody accepts on.
func leaveStale(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// only checks which files the directory of path holds.
func only(t *testing.T, path string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("directory holds %q, want %q", got, want)
	}
}

func TestListenUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	defer syscall.Umask(syscall.Umask(0)) // nothing is masked: the mode is ListenUnix's own
	l, err := ListenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	only(t, path, "s")
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode(), fs.ModeSocket|0o700; got != want {
		t.Errorf("mode %v, want %v", got, want)
	}
	if got := l.Addr().String(); got != path {
		t.Errorf("address %s, want %s", got, path)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	only(t, path)
	if err := l.Close(); err == nil {
		t.Error("second Close returned nil, want an error as from every listener")
	}
}

// TestSocketBeforeItListens checks what the mode's safety rests on: between
// bind, which makes the file, and listen, before which the mode is set, nobody
// can connect.
func TestSocketBeforeItListens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(fd) }()
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		t.Error("a bound socket that does not listen could be connected to")
	}
}

func TestListenUnixReplacesStale(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	leaveStale(t, path)
	l, err := ListenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	only(t, path)
}

func TestListenUnixLeavesLive(t *testing.T) {
	srv := &Server{}
	path := start(t, srv)
	before, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := ListenUnix(path); err == nil {
		_ = l.Close()
		t.Fatal("ListenUnix took the socket of a live server")
	} else if !strings.Contains(err.Error(), path) {
		t.Errorf("error %q does not name the socket", err)
	}
	after, err := os.Lstat(path)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the live socket is gone (%v)", err)
	}
	c := dial(t, path)
	c.send(req(19, ""))
	c.want("OK")
	only(t, path, "s")
}

func TestListenUnixLeavesOtherFiles(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(path("file"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path("dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	leaveStale(t, path("stale"))
	if err := os.Symlink("stale", path("link")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"file", "dir", "link", "fifo"} {
		before, err := os.Lstat(path(name))
		if err != nil {
			t.Fatal(err)
		}
		if l, err := ListenUnix(path(name)); err == nil {
			_ = l.Close()
			t.Errorf("ListenUnix replaced the %s", name)
		}
		after, err := os.Lstat(path(name))
		if err != nil || !os.SameFile(before, after) {
			t.Errorf("the %s is gone (%v)", name, err)
		}
	}
	only(t, path("x"), "dir", "fifo", "file", "link", "stale")
}

func TestListenUnixBadNames(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{
		"", "@abstract", filepath.Join(dir, "a\x00b"), filepath.Join(dir, "missing", "s"),
		filepath.Join(dir, strings.Repeat("x", maxName)),
	} {
		if l, err := ListenUnix(path); err == nil {
			_ = l.Close()
			t.Errorf("ListenUnix(%q) returned no error", path)
		}
	}
	only(t, filepath.Join(dir, "x"))
}

// TestListenUnixTogether lets many servers start on one stale socket: one gets
// it, and it works.
func TestListenUnixTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for range 20 {
		leaveStale(t, path)
		var won atomic.Pointer[unixListener]
		var wins atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if l, err := listenUnix(path); err == nil {
					wins.Add(1)
					won.Store(l)
				}
			})
		}
		wg.Wait()
		if n := wins.Load(); n != 1 {
			t.Fatalf("%d servers listen on the same path, want 1", n)
		}
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if err := won.Load().Close(); err != nil {
			t.Fatal(err)
		}
		only(t, path)
	}
}

// TestCloseLeavesSuccessor checks that a listener whose socket was replaced
// behind its back does not remove the one that is there now.
func TestCloseLeavesSuccessor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first, err := ListenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := ListenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	only(t, path, "s")
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	only(t, path)
}

// TestLockNameExcludes checks the lock itself, whose file comes and goes.
func TestLockNameExcludes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	var inside atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				unlock, err := lockName(path)
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold the lock, want 1", n)
				}
				runtime.Gosched()
				inside.Add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
	only(t, path)
}
