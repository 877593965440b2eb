//go:build unix

package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/cli"
	"github.com/gogibson/gibson/internal/config"
)

// daemon makes one with a small cache, and returns what it logs.
func daemon(t *testing.T, c *config.Config) (cli.Daemon, *cache.Cache, *bytes.Buffer) {
	t.Helper()
	log, items := new(bytes.Buffer), cacheOf(t, 16<<20)
	d := cli.NewDaemon(c, items, slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(d.Close)
	return d, items, log
}

// tcp listens on a free port.
func tcp(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// fileOf returns a descriptor of a listener's socket.
func fileOf(t *testing.T, l interface{ File() (*os.File, error) }) *os.File {
	t.Helper()
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// snapshotBytes returns one item as a server hands it over.
func snapshotBytes(t *testing.T) []byte {
	t.Helper()
	dir := socketDir(t)
	server := snapshotServer(t, dir)
	expect(t, step{args: words("set key value"), stdout: "value"})
	server.end()
	data, err := os.ReadFile(filepath.Join(dir, "snap"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestTakeOver has the predecessor end, or say something else, at every point of
// a hand-over. The successor then must not serve.
func TestTakeOver(t *testing.T) {
	items := snapshotBytes(t)
	damaged := bytes.Clone(items)
	damaged[len(damaged)/2]++
	for _, tc := range []struct {
		name    string
		sent    []byte
		hear    bool // what the successor says first
		loaded  bool // and last
		wantErr string
	}{
		{"all is well", items, true, true, ""},
		{"it does not listen", nil, false, false, "hand-over: "},
		{"it says nothing", nil, true, false, "hand-over: "},
		{"it says something else", []byte("ready when you are, and so on and so forth"), true, false, "hand-over: "},
		{"it stops in the middle", items[:len(items)-20], true, false, "hand-over: "},
		{"what it sends is damaged", damaged, true, false, "hand-over: "},
		{"it is gone at the end", items, true, false, "hand-over: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, c, log := daemon(t, &config.Config{})
			mine, its := net.Pipe()
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer its.Close()
				if !tc.hear || cli.Hear(its, cli.SaysReady) != nil {
					return
				}
				its.Write(tc.sent)
				if tc.loaded {
					if err := cli.Hear(its, cli.SaysLoaded); err != nil {
						t.Errorf("the predecessor waits for %q: %v", cli.SaysLoaded, err)
					}
				}
			}()
			unwanted := fileOf(t, tcp(t))
			err := d.TakeOver(mine, map[string]*os.File{"tcp 127.0.0.1:1": unwanted})
			mine.Close()
			<-done
			if tc.wantErr == "" && err != nil || err == nil && tc.wantErr != "" || err != nil && !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("%v, want %q", err, tc.wantErr)
			}
			if v, ok, err := c.Get("key"); tc.wantErr == "" && (err != nil || !ok || string(v) != "value" || !strings.Contains(log.String(), `msg="items taken over"`)) {
				t.Errorf("%v, %v, and the log is\n%s", v, err, log)
			}
			// A socket that the configuration has no more is closed.
			if err := unwanted.Close(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("closing a socket that nobody wants: %v, want that it is closed", err)
			}
		})
	}
}

// TestMessages says what is wrong with what the other side says.
func TestMessages(t *testing.T) {
	mine, its := net.Pipe()
	go io.WriteString(its, "ready?")
	if err := cli.Hear(mine, cli.SaysReady); err == nil || err.Error() != `got "ready?", want "ready\n"` {
		t.Error(err)
	}
	mine.Close()
	its.Close()
	p := cli.Patient(mine)
	_, readErr := p.Read(make([]byte, 1))
	_, writeErr := p.Write([]byte("x"))
	for what, err := range map[string]error{"hear": cli.Hear(mine, "x"), "say": cli.Say(mine, "x"), "read": readErr, "write": writeErr} {
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s on a closed connection: %v", what, err)
		}
	}
}

// TestInheritedSockets are refused if they are not what their key says.
func TestInheritedSockets(t *testing.T) {
	path := filepath.Join(socketDir(t), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	local := l.(*net.UnixListener)
	for _, tc := range []struct {
		name, network, address string
		file                   *os.File
		want                   string // in the error; "" is none
	}{
		{"unix", "unix", path, fileOf(t, local), ""},
		{"tcp", "tcp", "127.0.0.1:1", fileOf(t, tcp(t)), ""},
		{"tcp as unix", "unix", path, fileOf(t, tcp(t)), "the socket handed over for unix " + path + " is of tcp"},
		{"unix as tcp", "tcp", "127.0.0.1:1", fileOf(t, local), "the socket handed over for tcp 127.0.0.1:1 is of unix"},
		{"a socket that was removed", "unix", path + ".none", fileOf(t, local), "no such file"},
		{"no socket", "tcp", "127.0.0.1:1", openNull(t), "non-socket"},
		{"no listener", "unix", path, openNull(t), "non-socket"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := cli.Inherit(tc.file, tc.network, tc.address)
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || got != nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("%v, %v, want %q", got, err, tc.want)
			}
			if _, err := tc.file.Stat(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("the descriptor is still open: %v", err)
			}
			if got != nil {
				got.(io.Closer).Close()
			}
		})
	}
}

func openNull(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// bare is a listener without what a hand-over needs.
type bare struct {
	net.Listener
	err error
}

func (b bare) Accept() (net.Conn, error) { return nil, b.err }

// TestNothingToHandOver: a server whose listeners cannot be handed over, or are
// closed, says so and starts nobody.
func TestNothingToHandOver(t *testing.T) {
	closed := tcp(t)
	closed.Close()
	for _, tc := range []struct {
		listener net.Listener
		want     string
	}{
		{tcp(t), "there are listeners that cannot be handed over"},
		{cli.Socket(bare{Listener: tcp(t)}, "tcp x"), "unsupported operation"},
		{cli.Socket(closed, "tcp x"), "closed network connection"},
	} {
		d, _, log := daemon(t, &config.Config{})
		if d.CallSuccessor(t.Context(), tc.listener) || !strings.Contains(log.String(), "level=ERROR msg=\"no hand-over") || !strings.Contains(log.String(), tc.want) {
			t.Errorf("want no successor and %q in\n%s", tc.want, log)
		}
	}
}

// TestSuccessorThatDoesNotStart is this test's program, which ends at once or
// waits for ever. The server goes on.
func TestSuccessorThatDoesNotStart(t *testing.T) {
	d, _, log := daemon(t, &config.Config{})
	d.SetArgs("-test.list=^$")
	l := cli.Socket(tcp(t), "tcp x")
	if d.CallSuccessor(t.Context(), l) || !strings.Contains(log.String(), "this process goes on: the other one did not start") {
		t.Errorf("want an error in\n%s", log)
	}
	// The server is told to end before the other one has said anything.
	t.Setenv(silentSuccessor, "1")
	for range 10 {
		log.Reset()
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("told to end"))
		if d.CallSuccessor(ctx, l) || !strings.Contains(log.String(), "told to end") {
			t.Errorf("want an error with the cause in\n%s", log)
		}
	}
}

// TestResume: after a hand-over that failed the sockets are as before, or the
// server says why not.
func TestResume(t *testing.T) {
	d, _, log := daemon(t, &config.Config{PIDFile: filepath.Join(t.TempDir(), "none", "pid")})
	kept := cli.Socket(tcp(t), "tcp x")
	cli.Keep(kept)
	if err := kept.Close(); err != nil { // that is, nobody accepts
		t.Fatal(err)
	}
	if _, err := kept.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("accepting from a socket that is kept: %v", err)
	}
	if err := d.Resume(t.Context(), kept); err != nil || !strings.Contains(log.String(), "the pidfile is not this process's") {
		t.Errorf("%v, want a word about the pidfile in\n%s", err, log)
	}
	c, err := net.Dial("tcp", kept.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if s, err := kept.Accept(); err != nil {
		t.Errorf("accepting after a hand-over that failed: %v", err)
	} else {
		s.Close()
	}
	broken := cli.Socket(bare{Listener: tcp(t)}, "tcp x")
	if err := d.Resume(t.Context(), broken); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v, want ErrUnsupported", err)
	}
}

// TestHandOverVariables are not for others to set.
func TestHandOverVariables(t *testing.T) {
	for _, name := range []string{"GIBSON_HANDOVER", "GIBSON_READY_FD"} {
		for _, value := range []string{"", "x", "-1", "{}"} {
			t.Setenv(name, value)
			got := run(t, "", "serve", "--check")
			if got.status != 3 || !strings.Contains(got.stderr, name) || !strings.Contains(got.stderr, "which is for this program alone to set") {
				t.Errorf("%s=%s: status %d, %q, want 3 and the variable", name, value, got.status, got.stderr)
			}
			os.Unsetenv(name)
		}
	}
}
