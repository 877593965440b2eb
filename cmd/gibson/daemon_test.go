//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// installation is a directory with the original's gibson.conf, whose paths
// lead into it.
type installation struct {
	dir, conf, socket, pidfile, logfile string
}

// install makes an installation; more lines go to the end of the file. It is
// the original's but for the paths; what starts from it has no admin endpoint,
// whose address may be in use.
func install(t *testing.T, more string) installation {
	t.Helper()
	t.Setenv("GIBSON_ADMIN", "off")
	// Not in t.TempDir: a socket's path may not be as long.
	dir, err := os.MkdirTemp("", "gibson")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	text, err := os.ReadFile("testdata/gibson.conf")
	if err != nil {
		t.Fatal(err)
	}
	i := installation{dir, filepath.Join(dir, "gibson.conf"), filepath.Join(dir, "gibson.sock"), filepath.Join(dir, "gibson.pid"), filepath.Join(dir, "gibson.log")}
	i.write(t, strings.NewReplacer("/var/log/", dir+"/", "/var/run/", dir+"/").Replace(string(text))+more)
	return i
}

func (i installation) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(i.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pid returns the number in the pidfile, as an init script reads it.
func (i installation) pid(t *testing.T) int {
	t.Helper()
	data, err := os.ReadFile(i.pidfile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid <= 1 {
		t.Fatalf("pidfile %q: %v", data, err)
	}
	return pid
}

// logged waits until the log has a line with text.
func (i installation) logged(t *testing.T, text string) {
	t.Helper()
	poll(t, "a line with "+text, func() bool {
		data, _ := os.ReadFile(i.logfile)
		return bytes.Contains(data, []byte(text))
	})
}

// poll waits until ok, for as long as that may take.
func poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(hang); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func gone(name string) bool {
	_, err := os.Lstat(name)
	return errors.Is(err, os.ErrNotExist)
}

// startDaemon starts a server that goes into the background, and makes sure
// that it does not outlive the test.
func startDaemon(t *testing.T, bin string, i installation) int {
	t.Helper()
	out, err := exec.Command(bin, "-c", i.conf).CombinedOutput()
	if err != nil || len(out) != 0 {
		t.Fatalf("gibson -c: %v, %q, want success without a word", err, out)
	}
	pid := i.pid(t) // it is there as soon as the command has ended
	t.Cleanup(func() {
		if !gone(i.pidfile) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return pid
}

// TestOriginalConfiguration does with the original's shipped gibson.conf what
// an init script does.
func TestOriginalConfiguration(t *testing.T) {
	bin := build(t)
	i := install(t, "")
	pid := startDaemon(t, bin, i)

	if status, out := gibson(t, bin, "", "set", "foo", "bar", "--addr", i.socket); status != 0 || out != "bar" {
		t.Errorf("set: status %d, %q", status, out)
	}
	if sid := sessionOf(t, pid); sid != pid {
		t.Errorf("the server is in session %d, want its own, %d", sid, pid)
	}
	if dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil && dir != "/" {
		t.Errorf("the server keeps the directory %s", dir)
	}
	i.logged(t, "write unix_socket_mode 0777")
	if data, _ := os.ReadFile(i.logfile); bytes.Contains(data, []byte("network=tcp")) || bytes.Count(data, []byte("level=WARN")) != 1 {
		t.Errorf("want no TCP and one warning:\n%s", data)
	}

	// A second start fails, and leaves the first alone.
	if out, err := exec.Command(bin, "-c", i.conf).CombinedOutput(); exitCode(err) != 3 || !bytes.Contains(out, []byte("there is a server that accepts on it")) {
		t.Errorf("second start: %v, %q, want status 3 and the reason", err, out)
	}
	if again := i.pid(t); again != pid {
		t.Errorf("the pidfile says %d after the second start, want %d", again, pid)
	}

	// Log rotation.
	if err := os.Rename(i.logfile, i.logfile+".1"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	i.logged(t, "msg=reloaded changed=0 need_restart=0")

	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	i.logged(t, "msg=stopped")
	if !gone(i.socket) || !gone(i.pidfile) {
		t.Error("the socket or the pidfile is still there")
	}
}

// TestReload changes the file of a running server.
func TestReload(t *testing.T) {
	bin := build(t)
	i := install(t, "")
	pid := startDaemon(t, bin, i)
	data, err := os.ReadFile(i.conf)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	hup := func() {
		t.Helper()
		if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	i.write(t, text+"max_memory lots\n")
	hup()
	i.logged(t, `max_memory is \"lots\", want a size`)

	i.write(t, strings.NewReplacer("max_memory 1G", "max_memory 2G", "loglevel 1", "loglevel 0", "max_clients 255", "max_clients 1").Replace(text)+"shutdown_timeout 3s\n")
	hup()
	i.logged(t, "directive=shutdown_timeout value=3s")
	i.logged(t, "directive=loglevel value=debug source="+i.conf+":3")
	i.logged(t, `msg="directive changed, which needs a restart" directive=max_memory value=2G`)
	i.logged(t, "directive=max_clients value=1 ")
	i.logged(t, "msg=reloaded changed=3 need_restart=1")
	first, err := net.Dial("unix", i.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := first.Write([]byte("\x02\x00\x00\x00\x13\x00")); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Read(make([]byte, 1)); err != nil {
		t.Fatal(err) // its PING is answered: it is in
	}
	if status, _ := gibson(t, bin, "", "ping", "--addr", i.socket); status != 3 {
		t.Errorf("a second client: status %d, want that it is refused", status)
	}

	// What was taken over is not news any more.
	hup()
	i.logged(t, "msg=reloaded changed=0 need_restart=1")

	// Memory can be taken away, and given back.
	i.write(t, strings.NewReplacer("max_memory 1G", "max_memory 16M", "max_clients 255", "max_clients 8").Replace(text))
	hup()
	i.logged(t, `msg="directive changed" directive=max_memory value=16M`)
	first.Close()
	limit := func(want string) {
		t.Helper()
		poll(t, "memory_usable "+want, func() bool {
			_, out := gibson(t, bin, "", "stats", "--addr", i.socket)
			return strings.Contains(out, "memory_usable\t"+want+"\n")
		})
	}
	limit("16777216")
	i.write(t, text)
	hup()
	i.logged(t, `msg="directive changed" directive=max_memory value=1G`)
	limit("1073741824")

	// A reply that does not fit is ERR, until the bound is what it was.
	for _, tc := range []struct {
		more, log string
		status    int
	}{
		{"max_output_memory 1\n", "directive=max_output_memory value=1 ", 1},
		{"", "directive=max_output_memory value=auto ", 0},
	} {
		i.write(t, text+tc.more)
		hup()
		i.logged(t, tc.log)
		i.logged(t, "msg=reloaded changed=1 need_restart=0")
		if status, out := gibson(t, bin, "", "set", "big", strings.Repeat("v", 100<<10), "--addr", i.socket); (status == 0) != (tc.status == 0) {
			t.Errorf("%q: status %d, %.100q", tc.more, status, out)
		}
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	i.logged(t, "msg=stopped")
}

// TestDaemonCannotStart shows that the command that starts a server in the
// background fails with it.
func TestDaemonCannotStart(t *testing.T) {
	bin := build(t)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, port, _ := net.SplitHostPort(busy.Addr().String())
	none := filepath.Join(t.TempDir(), "none", "file")
	for _, tc := range []struct {
		name, more string
		args       []string
		status     int
		stderr     string
	}{
		{"address in use", "port " + port + "\n", nil, 3, "address already in use"},
		{"no directory for the pidfile", "", []string{"--pidfile", none}, 3, "no such file or directory"},
		{"no directory for the log", "", []string{"--logfile", none}, 3, "no such file or directory"},
		{"wrong file", "nosuch 1\n", nil, 2, "gibson.conf:21: unknown directive"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			i := install(t, tc.more)
			out, err := exec.Command(bin, append([]string{"-c", i.conf}, tc.args...)...).CombinedOutput()
			if exitCode(err) != tc.status || !bytes.Contains(out, []byte(tc.stderr)) {
				t.Errorf("%v, %q, want status %d and %q", err, out, tc.status, tc.stderr)
			}
			if !gone(i.socket) || !gone(i.pidfile) {
				t.Error("a socket or a pidfile was left behind")
			}
		})
	}
}

// TestLogOnFullDisk serves although the log cannot be written, and tells how
// many lines were lost once it can.
func TestLogOnFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	bin := build(t)
	i := install(t, "")
	data, err := os.ReadFile(i.conf)
	if err != nil {
		t.Fatal(err)
	}
	i.write(t, strings.Replace(string(data), i.logfile, "/dev/full", 1))
	pid := startDaemon(t, bin, i)
	if status, out := gibson(t, bin, "", "set", "foo", "bar", "--addr", i.socket); status != 0 || out != "bar" {
		t.Errorf("set: status %d, %q", status, out)
	}
	i.write(t, string(data))
	if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	i.logged(t, `level=WARN msg="lines of the log were lost" lines=`)
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	i.logged(t, "msg=stopped")
}

// TestShutdownTimeout stops a server that waits for a client, once.
func TestShutdownTimeout(t *testing.T) {
	bin := build(t)
	socket := filepath.Join(install(t, "").dir, "s")
	d, conn := stuck(t, bin, "1s", "--unix-socket", socket)
	defer conn.Close()
	if status := d.stop(t, syscall.SIGTERM); status != 0 || !bytes.Contains(d.log.Bytes(), []byte(`msg="cutting connections"`)) {
		t.Errorf("status %d, want 0 after the connection is cut; log:\n%s", status, d.log)
	}
	if !gone(socket) {
		t.Error("the socket is still there")
	}
}

// TestSecondSignal stops a server that waits for a client, twice.
func TestSecondSignal(t *testing.T) {
	d, conn := stuck(t, build(t), "1h")
	defer conn.Close()
	ended := func() bool {
		select {
		case <-d.exited:
			return true
		default:
			return false
		}
	}
	poll(t, "end after more signals", func() bool {
		d.cmd.Process.Signal(syscall.SIGTERM)
		return ended()
	})
	if ws, ok := d.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !ws.Signaled() {
		t.Errorf("%v, want an end by the signal; log:\n%s", d.cmd.ProcessState, d.log)
	}
}

// stuck starts a server with that shutdown_timeout, and a client that does not
// take its replies.
func stuck(t *testing.T, bin, timeout string, args ...string) (*daemon, net.Conn) {
	t.Helper()
	d := start(t, bin, append(args, "--address", "127.0.0.1", "--port", "0", "--shutdown-timeout", timeout, "--write-timeout", "off")...)
	if status, _ := gibson(t, bin, strings.Repeat("v", 1<<20), "set", "k", "-", "--addr", d.tcp); status != 0 {
		t.Fatal("set failed")
	}
	conn, err := net.Dial("tcp", d.tcp)
	if err != nil {
		t.Fatal(err)
	}
	// More replies than the system holds, and nobody reads them.
	get := []byte("\x03\x00\x00\x00\x03\x00k")
	if _, err := conn.Write(bytes.Repeat(get, 1<<10)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err) // the server is at it now
	}
	return d, conn
}

func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}
