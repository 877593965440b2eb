package main

import (
	"context"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gogibson/gibson/internal/cli"
)

// commandVariable names the environment variable that makes the test program
// the command gibson.
const commandVariable = "GIBSON_SOAK_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		status := cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
		stop()
		os.Exit(status)
	}
	os.Exit(m.Run())
}

// lengthy makes the test program the command, and returns options for a load
// that would outlast any test.
func lengthy(t *testing.T) options {
	t.Helper()
	t.Setenv(commandVariable, "1")
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	return options{length: 10 * time.Minute, out: t.TempDir(), memory: "16M", workers: 2, admin: lis.Addr().String(), seed: 1}
}

// start starts a server process.
func start(t *testing.T, o options) *server {
	t.Helper()
	s, err := startServer(t.Context(), o, os.Args[0], t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		<-s.alive.Done()
	})
	return s
}

// TestServerGone: when the server dies, the load is over, there are CSV and
// plot all the same, and the verdict says how it ended.
func TestServerGone(t *testing.T) {
	for _, tt := range []struct {
		signal syscall.Signal
		says   []string
	}{
		{syscall.SIGKILL, []string{"signal: killed"}},
		{syscall.SIGQUIT, []string{"exit status 2", "SIGQUIT: quit"}}, // as after a crash, with stacks in the log
	} {
		t.Run(tt.signal.String(), func(t *testing.T) {
			o := lengthy(t)
			s := start(t, o)
			c, err := soak(t.Context(), o, s, func(n int, _ sample) {
				if n == 2 {
					s.cmd.Process.Signal(tt.signal)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if report(&out, o, c) == nil {
				t.Error("the verdict is good")
			}
			for _, text := range append(tt.says, "BAD the server was gone after") {
				if !strings.Contains(out.String(), text) {
					t.Errorf("the verdict does not say %q:\n%s", text, &out)
				}
			}
			if b, err := os.ReadFile(filepath.Join(o.out, "soak.csv")); err != nil || strings.Count(string(b), "\n") != 1+len(c.samples) || len(c.samples) < 2 {
				t.Errorf("the CSV of %d samples is %q, %v", len(c.samples), b, err)
			}
			if _, err := os.Stat(filepath.Join(o.out, "soak.png")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestServerDoesNotStart: what the server said about it is not lost.
func TestServerDoesNotStart(t *testing.T) {
	o := lengthy(t)
	o.memory = "nonsense"
	if _, err := soak(t.Context(), o, start(t, o), nil); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a server that does not start: %v", err)
	}
}

// TestJournal: panics are found in a log, those that were recovered too.
func TestJournal(t *testing.T) {
	for _, tt := range []struct {
		log   string
		count int
		last  string
	}{
		{"", 0, ""},
		{"time=x level=WARN msg=\"too many clients\"\n", 0, "time=x level=WARN msg=\"too many clients\""},
		{"a\ntime=x level=ERROR msg=\"panic while serving a connection, closing it\" stack=\"...\"\nb\n", 1, "b"},
		{"fatal error: concurrent map writes\n\ngoroutine 1 [running]:\n", 1, "goroutine 1 [running]:"},
		{strings.Repeat("panic: x\n", 30) + "end", 30, "end"},
		{"panic: " + strings.Repeat("x", 1<<20), 1, "panic: " + strings.Repeat("x", 493) + "..."},
	} {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte(tt.log), 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := readJournal(path)
		if err != nil || j.count != tt.count || len(j.faults) != min(tt.count, 10) || len(j.last) > 10 {
			t.Errorf("%.50q: %+v, %v, want %d faults", tt.log, j, err, tt.count)
		}
		if len(j.last) > 0 && j.last[len(j.last)-1] != tt.last || len(j.last) == 0 && tt.last != "" {
			t.Errorf("%.50q: the last lines are %q", tt.log, j.last)
		}
	}
}
