package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestMain makes the test program stand in for the harness where that starts
// itself again.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "observed" || os.Args[1] == "idleclients") {
		if err := Exec(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// run executes a command and returns what it printed.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, progress bytes.Buffer
	err := Exec(t.Context(), args, &out, &progress)
	return out.String(), err
}

func TestUsageListsWhatCanBeMeasured(t *testing.T) {
	out, err := run(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands() {
		if listed := strings.Contains(out, "  "+c.name+" "); listed == c.hidden {
			t.Errorf("%s: listed %t, hidden %t", c.name, listed, c.hidden)
		}
	}
}

func TestExecRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"nothing"}, {"server", "left over"}, {"server", "-servers", "oracle"}, {"prefix", "-rounds", "0"}, {"prefix", "-keys", "12345"},
		{"churn", "-distinct", "5"}, {"embedded", "-stores", "none"}, {"store"},
		{"hitratio", "-rounds", "0"},
	} {
		if out, err := run(t, args...); err == nil {
			t.Errorf("%v: no error but %q", args, out)
		}
	}
}

func TestChurnSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.md")
	out, err := run(t, "churn", "-keys", "1000", "-rounds", "1", "-window", "1000", "-distinct", "5000", "-write", path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "| 5000 ") || !strings.Contains(out, "shuffled") {
		t.Errorf("report lacks the moving window:\n%s", out)
	}
	if b, err := os.ReadFile(path); err != nil || !strings.Contains(string(b), "<!-- bench:churn -->\n## ") {
		t.Errorf("document %q, %v", b, err)
	}
}

func TestHitRatioWithoutTraces(t *testing.T) {
	out, err := run(t, "hitratio", "-traces", t.TempDir(), "-rounds", "2")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Zipf 0.99 of 100000", "otter's spread", "replayed 2 times", "skipped, not in the directory of traces: oltp.gz"} {
		if !strings.Contains(out, want) {
			t.Errorf("report lacks %q:\n%s", want, out)
		}
	}
}

// TestCommandsSmall runs what needs servers, each for a moment.
func TestCommandsSmall(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("builds and runs servers")
	}
	program := filepath.Join(t.TempDir(), "gibson")
	if out, err := exec.Command("go", "-C", "../../..", "build", "-o", program, "./cmd/gibson").CombinedOutput(); err != nil {
		t.Fatalf("build the server: %v: %s", err, out)
	}
	gibson := "-gibson=" + program + " serve --unix-socket {socket}"
	for _, c := range []struct {
		want string
		args []string
	}{
		{"50 connections, depth 16", []string{"server", "-keys", "1000", "-rounds", "1", "-duration", "20ms", "-warmup", "5ms"}},
		{"RSS loaded", []string{"memory", "-keys", "1000", "-settle", "1ms"}},
		{"p99.9 during", []string{"prefix", "-keys", "10000", "-rounds", "2", "-reclaims", "1", "-doomed", "3000", "-window", "20ms"}},
		{"wake-ups", []string{"idle", "-keys", "1000", "-duration", "10ms"}},
		{"at most 12 KiB allowed", []string{"connections", "-conns", "50", "-settle", "10ms"}},
		{"p99.99", []string{"stall", "-keys", "1000", "-rate", "1000", "-duration", "50ms"}},
		{"MEM replies", []string{"limit", "-duration", "120ms", "-rows", "2", "-largest", "1000"}},
		{"allocs/GET", []string{"client", "-keys", "1000", "-rounds", "1", "-duration", "20ms", "-warmup", "1ms", "-goroutines", "4"}},
	} {
		out, err := run(t, append(c.args, gibson)...)
		if err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
		if !strings.Contains(out, c.want) || !strings.Contains(out, "ibson") {
			t.Errorf("%v: report lacks %q:\n%s", c.args, c.want, out)
		}
	}
}
