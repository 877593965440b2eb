//go:build unix

package cli_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/internal/testcert"
)

// TestListenerThatBreaks: a server ends when a listener fails, closes the others
// and says why.
func TestListenerThatBreaks(t *testing.T) {
	d, _, log := daemon(t, &config.Config{ShutdownTimeout: time.Minute})
	broken, whole := errors.New("it is broken"), tcp(t)
	if err := d.Run(t.Context(), whole, bare{tcp(t), broken}); !errors.Is(err, broken) {
		t.Errorf("%v, want what was broken; the log is\n%s", err, log)
	}
	if _, err := whole.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the other listener: %v, want that it is closed", err)
	}
}

// TestNothingToTellOfAClosedCache: figures, the status line and the watchdog are
// without a cache, which they say, or say nothing.
func TestNothingToTellOfAClosedCache(t *testing.T) {
	d, c, log := daemon(t, &config.Config{})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Figures(); !errors.Is(err, cache.ErrClosed) {
		t.Errorf("figures: %v, want ErrClosed", err)
	}
	d.Status(t.Context())
	if log.Len() > 0 {
		t.Errorf("a status line:\n%s", log)
	}
	manager := notifySocket(t)
	tick, done, ended := make(chan time.Time), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		d.Watch(tick, done)
	}()
	tick <- time.Time{}
	tick <- time.Time{}
	close(done)
	<-ended
	if n := strings.Count(log.String(), `level=ERROR msg="the cache does not answer"`); n != 2 {
		t.Errorf("%d errors, want 2 in\n%s", n, log)
	}
	d.Notify("the end")
	if got := manager.next(t); got != "the end" {
		t.Errorf("the watchdog said %q", got)
	}
}

// TestServiceManagerIsGone: a server that cannot tell it anything serves.
func TestServiceManagerIsGone(t *testing.T) {
	dir := socketDir(t)
	none, socket := filepath.Join(dir, "none"), filepath.Join(dir, "s")
	t.Setenv("NOTIFY_SOCKET", none)
	t.Setenv("WATCHDOG_USEC", "often")
	server := serving(t, "network=unix", "--unix-socket", socket, "--admin", "off")
	if got := run(t, "", "ping", "--addr", socket); got.status != 0 {
		t.Errorf("status %d, %q", got.status, got.stderr)
	}
	status, log := server.end()
	if status != 0 || !strings.Contains(log, `level=WARN msg="the service manager cannot be told" state="READY=1"`) || !strings.Contains(log, none+": connect: no such file") {
		t.Errorf("status %d, want 0 and a warning:\n%s", status, log)
	}
	if !strings.Contains(log, `level=WARN msg="no watchdog" err=`) {
		t.Errorf("want a word about WATCHDOG_USEC in\n%s", log)
	}
}

// reload has the server of this process read its configuration again.
func reload(t *testing.T, conf, text, log, want string) {
	t.Helper()
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	inLog(t, log, want)
}

// TestReloadOfWhatCannotBe: what a reload cannot do leaves everything as it is,
// and is in the log, which goes on where it was.
func TestReloadOfWhatCannotBe(t *testing.T) {
	dir := socketDir(t)
	ca := testcert.New(t)
	expired := ca.Issue(t, -time.Hour, "cache")
	conf, log := filepath.Join(dir, "gibson.conf"), filepath.Join(dir, "log")
	text := "max_memory 64M\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	end := servingWithLog(t, dir, log, "-c", conf, "--max-clients", "5", "--logflushrate", "1",
		"--listen", "tls://127.0.0.1:0", "--tls-cert", expired.Certificate, "--tls-key", expired.Key)
	inLog(t, log, "level=ERROR msg=\"the TLS certificate has expired: clients will refuse it\"")

	reload(t, conf, "max_memory auto\n", log, "directive=max_memory value=auto")
	inLog(t, log, "need_restart=1")
	reload(t, conf, "max_memory 64M\nport 1\n", log, "directive=port value=1")
	reload(t, conf, "max_memory lots\n", log, "the configuration is not reloaded, everything stays as it was")
	if got := run(t, "", "ping", "--addr", filepath.Join(dir, "s")); got.status != 0 {
		t.Errorf("status %d, %q", got.status, got.stderr)
	}
	if status := end(); status != 0 {
		t.Errorf("status %d", status)
	}
}

// TestReloadOfALogThatCannotBeOpened: the log goes on in the old file, and that
// one is opened again.
func TestReloadOfALogThatCannotBeOpened(t *testing.T) {
	dir := socketDir(t)
	conf, log := filepath.Join(dir, "gibson.conf"), filepath.Join(dir, "log")
	with := func(logfile string) string {
		return "unix_socket " + filepath.Join(dir, "s") + "\nadmin off\nlogflushrate 1\nlogfile " + logfile + "\n"
	}
	if err := os.WriteFile(conf, []byte(with(log)), 0o600); err != nil {
		t.Fatal(err)
	}
	end := inBackground(t, "-c", conf)
	inLog(t, log, "msg=listening")
	reload(t, conf, with(filepath.Join(dir, "none", "log")), log, "the log file cannot be opened, the log goes on in the old one")
	inLog(t, log, "msg=reloaded changed=0")
	reload(t, conf, with(log+"2"), log+"2", "directive=logfile value="+log+"2")
	if status := end(); status != 0 {
		t.Errorf("status %d", status)
	}
}

// TestListenOnWhatIsTaken names addresses that cannot be had, and closes those
// that could.
func TestListenOnWhatIsTaken(t *testing.T) {
	busy := tcp(t)
	socket := filepath.Join(socketDir(t), "s")
	for _, network := range []string{"tcp", "tls"} {
		spec := network + "://" + busy.Addr().String()
		got := run(t, "", "serve", "--admin", "off", "--listen", "unix://"+socket, "--listen", spec, "--tls-cert", "/none.pem")
		if got.status != 3 || !strings.Contains(got.stderr, "listen "+spec+": ") || !strings.Contains(got.stderr, "address already in use") {
			t.Errorf("%s: status %d, %q, want 3 and the listener", network, got.status, got.stderr)
		}
		if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
	}
	// A listener without a mode has that of unix_socket_mode.
	server := serving(t, "network=unix", "--admin", "off", "--listen", "unix://"+socket, "--unix-socket-mode", "0764")
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o764 {
		t.Errorf("%v, mode %v, want 0764", err, info.Mode())
	}
	server.end()
}
