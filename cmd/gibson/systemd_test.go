//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manager stands in the place of systemd: it starts servers and listens to
// what they say.
type manager struct {
	bin, dir string
	notify   *net.UnixConn
}

func newManager(t *testing.T) *manager {
	t.Helper()
	// Not in t.TempDir: a socket's path may not be as long.
	dir, err := os.MkdirTemp("", "gibson")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	m := &manager{bin: build(t), dir: dir}
	m.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.notify.Close() })
	return m
}

// command returns a start of the server with sockets passed to it, and more
// in its environment.
func (m *manager) command(t *testing.T, sockets []*os.File, environ []string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	t.Cleanup(cancel)
	// The number of the process must be in its environment before it runs.
	script := `[ -z "$LISTEN_FDS" ] || export LISTEN_PID=$$; [ -z "$WATCHDOG_USEC" ] || export WATCHDOG_PID=$$; exec "$0" "$@"`
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", script, m.bin, "serve", "--admin", "off"}, args...)...)
	cmd.ExtraFiles = sockets
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(m.dir, "notify"))
	cmd.Env = append(cmd.Env, environ...)
	return cmd
}

// start starts a server and makes sure that it does not outlive the test.
func (m *manager) start(t *testing.T, sockets []*os.File, environ []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := m.command(t, sockets, environ, args...)
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // does nothing after the process has ended
		cmd.Wait()
	})
	return cmd
}

// next returns the next message that is not the watchdog's, and whether there
// was one of those before it.
func (m *manager) next(t *testing.T) (message string, watchdog bool) {
	t.Helper()
	if err := m.notify.SetReadDeadline(time.Now().Add(hang)); err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 4096); ; watchdog = true {
		n, err := m.notify.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		if message = string(b[:n]); message != "WATCHDOG=1" {
			return message, watchdog
		}
	}
}

// expect reads the next message.
func (m *manager) expect(t *testing.T, want string) {
	t.Helper()
	if got, _ := m.next(t); !regexp.MustCompile("^" + want + "$").MatchString(got) {
		t.Fatalf("message %q, want %s", got, want)
	}
}

func end(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// TestNotify follows the messages of a server's life.
func TestNotify(t *testing.T) {
	m := newManager(t)
	socket := filepath.Join(m.dir, "s")
	server := m.start(t, nil, []string{"WATCHDOG_USEC=20000"}, "--unix-socket", socket)
	m.expect(t, "READY=1")
	if status, _ := gibson(t, m.bin, "", "ping", "--addr", socket); status != 0 {
		t.Error("the server that is ready does not answer")
	}
	if err := m.notify.SetReadDeadline(time.Now().Add(hang)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b := make([]byte, 100)
		if n, err := m.notify.Read(b); err != nil || string(b[:n]) != "WATCHDOG=1" {
			t.Fatalf("%q, %v, want the watchdog's message", b[:n], err)
		}
	}
	if err := server.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	m.expect(t, "RELOADING=1\nMONOTONIC_USEC=[0-9]+\n")
	m.expect(t, "READY=1")
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.expect(t, "STOPPING=1") // before the socket is full of the watchdog's messages
	if err := server.Wait(); err != nil {
		t.Fatal(err)
	}
}

// TestNotifyUnread shows that a server ends whether or not its service manager
// reads that it does.
func TestNotifyUnread(t *testing.T) {
	m := newManager(t)
	server := m.start(t, nil, []string{"WATCHDOG_USEC=20000"}, "--unix-socket", filepath.Join(m.dir, "s"))
	m.expect(t, "READY=1")
	conn, err := net.DialUnix("unixgram", nil, m.notify.LocalAddr().(*net.UnixAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for err == nil { // until nothing more fits
		if err := conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, err = conn.Write([]byte("WATCHDOG=1"))
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	end(t, server)
}

// TestNoWatchdogOfAnother shows that a server which is not the one that is
// watched does not answer for it.
func TestNoWatchdogOfAnother(t *testing.T) {
	m := newManager(t)
	socket := filepath.Join(m.dir, "s")
	cmd := exec.Command(m.bin, "serve", "--admin", "off", "--unix-socket", socket)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(m.dir, "notify"), "WATCHDOG_USEC=2000", "WATCHDOG_PID=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m.expect(t, "READY=1")
	for range 10 { // as long as this takes, it is more than a message's time
		gibson(t, m.bin, "", "ping", "--addr", socket)
	}
	end(t, cmd)
	if message, watchdog := m.next(t); message != "STOPPING=1" || watchdog {
		t.Errorf("message %q, watchdog %t, want STOPPING=1 and no watchdog", message, watchdog)
	}
}

// TestSocketActivation passes sockets to servers that follow one another.
func TestSocketActivation(t *testing.T) {
	m := newManager(t)
	path := filepath.Join(m.dir, "s")
	unix, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	var files []*os.File
	for _, l := range []interface{ File() (*os.File, error) }{unix, tcp} {
		f, err := l.File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	environ := []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=gibson.socket:"}

	// A client that is there before the server is waited for, not refused.
	early, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	if _, err := io.WriteString(early, "\x02\x00\x00\x00\x13\x00"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		server := m.start(t, files, environ)
		m.expect(t, "READY=1")
		for _, addr := range []string{path, tcp.Addr().String()} {
			if status, _ := gibson(t, m.bin, "", "ping", "--addr", addr); status != 0 {
				t.Errorf("no answer at %s", addr)
			}
		}
		if _, err := io.ReadFull(early, make([]byte, 8)); err != nil {
			t.Errorf("the early client got %v", err)
		}
		end(t, server)
		m.expect(t, "STOPPING=1")
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("the server took the manager's socket with it: %v", err)
		}
		if early, err = net.Dial("unix", path); err != nil {
			t.Fatal(err)
		}
		defer early.Close()
		if _, err := io.WriteString(early, "\x02\x00\x00\x00\x13\x00"); err != nil {
			t.Fatal(err)
		}
	}

	// What was named is opened beside what is passed.
	own := filepath.Join(m.dir, "own")
	server := m.start(t, files[1:], []string{"LISTEN_FDS=1"}, "--unix-socket", own)
	m.expect(t, "READY=1")
	for _, addr := range []string{own, tcp.Addr().String()} {
		if status, _ := gibson(t, m.bin, "", "ping", "--addr", addr); status != 0 {
			t.Errorf("no answer at %s", addr)
		}
	}
	end(t, server)
	m.expect(t, "STOPPING=1")
	if !gone(own) {
		t.Error("the server's own socket is still there")
	}

	// With a socket that is passed, none is opened just by default.
	var log bytes.Buffer
	only := m.command(t, files[1:], []string{"LISTEN_FDS=1"})
	only.Stderr = &log
	if err := only.Start(); err != nil {
		t.Fatal(err)
	}
	m.expect(t, "READY=1")
	end(t, only)
	if n := strings.Count(log.String(), "msg=listening"); n != 1 || strings.Contains(log.String(), "network=unix") {
		t.Errorf("%d listeners, want the one that was passed:\n%s", n, &log)
	}
}

// TestSocketActivationIsRefused passes sockets that cannot be served.
func TestSocketActivationIsRefused(t *testing.T) {
	m := newManager(t)
	public, err := net.ListenTCP("tcp4", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer public.Close()
	f, err := public.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	for _, tc := range []struct {
		name string
		file *os.File
		want string
	}{
		{"a public address", f, `write "allow_unauthenticated yes"`},
		{"no socket", plain, "non-socket"},
	} {
		out, err := m.command(t, []*os.File{tc.file}, []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=outside"}).CombinedOutput()
		if exitCode(err) != 3 || !strings.Contains(string(out), "socket outside of the service manager") || !strings.Contains(string(out), tc.want) {
			t.Errorf("%s: %v, %q, want status 3 and %s", tc.name, err, out, tc.want)
		}
	}
	server := m.start(t, []*os.File{f}, []string{"LISTEN_FDS=1"}, "--allow-unauthenticated", "yes")
	m.expect(t, "READY=1")
	end(t, server)
}
