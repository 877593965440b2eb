package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/server"
)

// RunOnTerminal is Run with a stdout that is taken for a terminal, and with
// an environment of its own.
func RunOnTerminal(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env map[string]string) int {
	a := &app{
		stdin: stdin, stdout: stdout, stderr: stderr,
		getenv:     func(name string) string { return env[name] },
		isTerminal: func(io.Writer) bool { return true },
		environ:    func() []string { return nil },
	}
	return a.run(ctx, args)
}

// Normalize is normalize.
func Normalize(args []string) []string { return normalize(args) }

// RunAt is Run with an environment, and with a file in place of the original's
// /etc/gibson/gibson.conf.
func RunAt(ctx context.Context, args []string, stdout, stderr io.Writer, environ []string, originalFile string) int {
	a := &app{
		stdout: stdout, stderr: stderr,
		getenv:       func(string) string { return "" },
		environ:      func() []string { return environ },
		isTerminal:   func(io.Writer) bool { return false },
		originalFile: originalFile,
	}
	return a.run(ctx, args)
}

// Address returns the server that a command talks to, given --addr, the
// environment and the path of the default socket.
func Address(flag string, env map[string]string, socket string) string {
	a := &app{getenv: func(name string) string { return env[name] }}
	return a.address(flag, socket)
}

// Log is a log as a server has it.
type Log struct {
	Logger *slog.Logger
	out    *logOutput
}

// NewLog opens a log that is closed at the end of the test.
func NewLog(t testing.TB, file string, rate int, stdout, stderr io.Writer, format string, level slog.Level) *Log {
	t.Helper()
	out, err := newLogOutput(file, rate, stdout, stderr)
	if err != nil {
		t.Fatal(err)
	}
	l := &Log{newLogger(out, format, level), out}
	t.Cleanup(l.Close)
	return l
}

// Reopen opens the file of that name in place of the one before.
func (l *Log) Reopen(file string) error { return l.out.reopen(file) }

// Lost returns how many lines could not be written.
func (l *Log) Lost() int64 { return l.out.lostLines() }

// Close writes what was collected and closes the file.
func (l *Log) Close() { _ = l.out.close() }

// WritePID is writePID.
func WritePID(name string) (remove func() error, err error) { return writePID(name) }

// ClientsWithin is clientsWithin with a limit on open files that cannot be
// raised.
func ClientsWithin(max int, files uint64, err error) (clients int, log string) {
	var b strings.Builder
	limit := func(uint64) (uint64, error) { return files, err }
	clients = clientsWithin(max, slog.New(slog.NewTextHandler(&b, nil)), limit)
	return clients, b.String()
}

// FileLimit is fileLimit.
func FileLimit(want uint64) (uint64, error) { return fileLimit(want) }

// Eviction is eviction.
func Eviction(name string) cache.Eviction { return eviction(name) }

// Ticks runs a server without listeners, with n items and for as many ticks of
// its clock, and returns what it logged.
func Ticks(t testing.TB, n int, level slog.Level) string {
	t.Helper()
	c, err := cache.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range n {
		if err := c.Set(fmt.Sprint(i), []byte("v"), cache.Forever); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	d := &daemon{
		config: &config.Config{ShutdownTimeout: time.Minute}, cache: c, server: &server.Server{Cache: c},
		log: slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: level})),
	}
	ctx, cancel := context.WithCancel(t.Context())
	tick := make(chan time.Time)
	go func() {
		defer cancel()
		for range n {
			tick <- time.Time{}
		}
	}()
	if err := d.run(ctx, nil, nil, tick); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// HealthTarget returns the address that healthcheck asks, given the environment
// and $GIBSON_ADDR.
func HealthTarget(environ []string, addr string) (string, error) {
	a := &app{getenv: func(string) string { return addr }, environ: func() []string { return environ }}
	h := &healthcheck{app: a, sources: sources{environ: a.environ}}
	return h.target()
}

// VersionOf is versionOf.
func VersionOf(info *debug.BuildInfo, ok bool) string { return versionOf(info, ok) }

// RoffText returns text as a manual page has it.
func RoffText(text string) string {
	r := new(roff)
	r.text(text)
	return r.String()
}

// Settled returns what loads the configuration of a server that may leave its
// directory.
func Settled(file string, environ []string) (load func() (*config.Config, error), err error) {
	s := &sources{file: file, environ: func() []string { return environ }}
	return s.load, s.settle()
}

// BusyPoll returns the BusyPoll of a server whose busy_poll_us is text.
func BusyPoll(text string) (time.Duration, error) {
	c, err := config.Resolve([]config.Setting{{Directive: "busy_poll_us", Value: text}})
	if err != nil {
		return 0, err
	}
	return newServer(c).BusyPoll, nil
}
