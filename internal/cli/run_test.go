package cli_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/gogibson/gibson/gibsontest"
	"github.com/gogibson/gibson/internal/cli"
)

// silentSuccessor has this program say nothing until the server that it was
// started by, to take over from it, gives up.
const silentSuccessor = "GIBSON_TEST_SILENT_SUCCESSOR"

func TestMain(m *testing.M) {
	if os.Getenv(silentSuccessor) != "" {
		_, _ = io.Copy(io.Discard, os.NewFile(3, "hand-over"))
		os.Exit(1)
	}
	// The first Notify of a process starts goroutines of the runtime's, which
	// must not be in the bubble of a test.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	signal.Stop(signals)
	goleak.VerifyTestMain(m)
}

// result is what a command line did.
type result struct {
	status         int
	stdout, stderr string
}

// run executes a command line with that standard input.
func run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := cli.Run(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	return result{status, stdout.String(), stderr.String()}
}

// step is one command line of a scenario. Its fields after args are what is
// expected; stderr is a part of what is to be there, or nothing at all if
// empty.
type step struct {
	args   []string
	stdin  string
	status int
	stdout string
	stderr string
}

// scenario runs steps in order against one new server.
func scenario(t *testing.T, steps []step) {
	t.Helper()
	t.Setenv("GIBSON_ADDR", gibsontest.NewServer(t).Addr())
	for _, s := range steps {
		got := run(t, s.stdin, s.args...)
		if got.status != s.status || got.stdout != s.stdout {
			t.Errorf("gibson %q: status %d, stdout %q (stderr %q), want status %d, stdout %q",
				s.args, got.status, got.stdout, got.stderr, s.status, s.stdout)
		}
		if s.stderr == "" && got.stderr != "" || !strings.Contains(got.stderr, s.stderr) {
			t.Errorf("gibson %q: stderr %q, want %q in it", s.args, got.stderr, s.stderr)
		}
	}
}

// words splits a command line at blanks.
func words(line string) []string { return strings.Fields(line) }

func TestCommands(t *testing.T) {
	scenario(t, []step{
		{args: words("ping"), stdout: "OK\n"},
		{args: words("set foo bar"), stdout: "bar"},
		{args: words("get foo"), stdout: "bar"},
		{args: words("GET foo"), stdout: "bar"},
		{args: words("get nosuch"), status: 1, stderr: `GET "nosuch": not found`},
		{args: words("ttl foo 60"), stdout: "OK\n"},
		{args: words("meta foo ttl"), stdout: "60"},
		{args: words("ttl foo -1"), stdout: "OK\n"},
		{args: words("meta foo ttl"), stdout: "-1"},
		{args: words("meta foo size"), stdout: "3"},
		{args: words("meta foo nosuch"), status: 3, stderr: `META "foo"`},
		{args: words("set foo baz --ttl 30"), stdout: "baz"},
		{args: words("meta foo ttl"), stdout: "30"},
		{args: words("inc hits"), stdout: "1"},
		{args: words("inc hits"), stdout: "2"},
		{args: words("dec hits"), stdout: "1"},
		{args: words("inc foo"), status: 3, stderr: `INC "foo": not a number`},
		{args: words("lock foo"), stdout: "OK\n"},
		{args: words("meta foo lock"), stdout: "-1"},
		{args: words("lock foo"), status: 3, stderr: "locked"},
		{args: words("set foo x"), status: 3, stderr: "locked"},
		{args: words("unlock foo"), stdout: "OK\n"},
		{args: words("lock foo 5"), stdout: "OK\n"},
		{args: words("meta foo lock"), stdout: "5"},
		{args: words("unlock foo"), stdout: "OK\n"},
		{args: words("lock foo -1"), stdout: "OK\n"},
		{args: words("unlock foo"), stdout: "OK\n"},
		{args: words("del foo"), stdout: "OK\n"},
		{args: words("del foo"), status: 1, stderr: "not found"},
		{args: words("end"), stdout: "OK\n"},
	})
}

func TestFamilies(t *testing.T) {
	scenario(t, []step{
		{args: words("count u:"), stdout: "0"},
		{args: words("keys u:"), status: 1, stderr: `KEYS "u:": nothing has this prefix`},
		{args: words("mget u:"), status: 1, stderr: "nothing has this prefix"},
		{args: words("mdel u:"), status: 1, stdout: "0", stderr: `MDEL "u:": nothing with this prefix was changed`},
		{args: words("set u:1:n one"), stdout: "one"},
		{args: words("set u:2:n 2"), stdout: "2"},
		{args: words("set u:3:n three"), stdout: "three"},
		{args: words("count u:"), stdout: "3"},
		{args: words("keys u:"), stdout: "u:1:n\nu:2:n\nu:3:n\n"},
		{args: words("minc u:"), stdout: "1"},
		{args: words("minc u:"), stdout: "1"},
		{args: words("mdec u:"), stdout: "1"},
		{args: words("mget u:"), stdout: "u:1:n\tone\nu:2:n\t3\nu:3:n\tthree\n"},
		{args: words("mget u: --limit 2"), stdout: "u:1:n\tone\nu:2:n\t3\n"},
		{args: words("mget u: --limit -1"), stdout: "u:1:n\tone\nu:2:n\t3\nu:3:n\tthree\n"},
		{args: words("mttl u: 60"), stdout: "3"},
		{args: words("mlock u:"), stdout: "3"},
		{args: words("mdel u:"), status: 1, stdout: "0", stderr: "nothing with this prefix was changed"},
		{args: words("munlock u:"), stdout: "3"},
		{args: words("mset u: same"), stdout: "3"},
		{args: words("mget u:3"), stdout: "u:3:n\tsame\n"},
		{args: words("mdel u:"), stdout: "3"},
	})
}

func TestArguments(t *testing.T) {
	scenario(t, []step{
		{args: []string{"set", "k", "a value with  spaces "}, stdout: "a value with  spaces "},
		{args: words("set k -"), stdin: "from\x00input\n", stdout: "from\x00input\n"},
		{args: words("get k"), stdout: "from\x00input\n"},
		{args: words("mset k -"), stdin: "all", stdout: "1"},
		{args: words("set -7 -8 --ttl -1"), stdout: "-8"},
		{args: words("get -7"), stdout: "-8"},
		{args: words("set --ttl 5 -- --raw --json"), stdout: "--json"},
		{args: words("get -- --raw"), stdout: "--json"},
		{args: words("--json get -- --raw"), stdout: "\"--json\"\n"},
		{args: words("set k 5 --ttl 007"), stdout: "5"},
		{args: words("meta k ttl"), stdout: "7"},
	})
}

func TestUsageErrors(t *testing.T) {
	const hint = "--help' for usage.\n"
	// Nothing may be sent: no server listens here, and an attempt to reach one
	// would end with status 3.
	t.Setenv("GIBSON_ADDR", t.TempDir()+"/none.sock")
	for _, tc := range []struct {
		args   []string
		stderr string
	}{
		{words("nosuch"), "unknown command"},
		{words("gt foo"), "get"}, // a suggestion
		{words("get"), "missing KEY"},
		{words("set"), "missing KEY and VALUE"},
		{words("set k"), "missing VALUE"},
		{words("ttl k"), "missing SECONDS"},
		{words("mttl p"), "missing SECONDS"},
		{words("meta k"), "missing FIELD"},
		{words("keys"), "missing PREFIX"},
		{words("get a b"), `"b" is one argument too many`},
		{words("set k two words"), `"words" is one argument too many`},
		{words("ping pong"), "too many, want none"},
		{words("lock k 5 6"), "too many"},
		{words("get k --nosuch"), "unknown flag"},
		{words("get k --ttl 5"), "unknown flag"},
		{words("set k v --ttl"), "needs an argument"},
		{words("set k v --ttl 5a"), "not a whole number"},
		{words("set k v --ttl +5"), "not a whole number"},
		{words("set k v --ttl 9223372036854775808"), "not a whole number"},
		{words("mget p --limit 1.5"), "not a whole number"},
		{words("ttl k 5a"), "not a whole number"},
		{words("lock k 1e3"), "not a whole number"},
		{[]string{"get", ""}, "cannot be a key"},
		{[]string{"get", "a b"}, "cannot be a key"},
		{[]string{"mdel", ""}, "cannot be a key or prefix"},
		{[]string{"set", "k", ""}, "at least one byte"},
		{words("set k -"), "at least one byte"}, // nothing on standard input
		{[]string{"meta", "k", ""}, "cannot be a field"},
		{[]string{"meta", "k", "a b"}, "cannot be a field"},
		{words("get k --json --raw"), "json"},
		{words("get k --timeout -1s"), "want 0 or more"},
		{words("get k --timeout 5"), "invalid argument"},
		{words("serve now"), "unknown command"},
		{words("serve --addr x"), "unknown flag"},
		{words("serve --max-memory 0"), "from 1"},
		{words("serve --max-memory -1"), "want a size"},
		{words("serve --max_memory 1T"), "want a size"},
		{words("serve --max-key-size 17M"), "1 to 16M"},
		{words("serve --max-item-ttl 0"), "from 1s"},
		{words("serve --max-item-ttl 1w"), "want a duration"},
		{words("serve --max-clients 0"), "from 1"},
		{words("serve --eviction lottery"), "lfu, lru, gc_ratio or none"},
		{words("serve --port 65536"), "0 to 65535"},
		{words("serve -c"), "needs an argument"},
		{words("--nosuch"), "unknown flag"},
		{words("--port x"), "0 to 65535"},
		{words("--port 1 now"), "unknown command"},
		{words("version 2"), "unknown command"},
	} {
		got := run(t, "", tc.args...)
		if got.status != 2 || got.stdout != "" || !strings.Contains(got.stderr, tc.stderr) || !strings.HasSuffix(got.stderr, hint) {
			t.Errorf("gibson %q: status %d, stdout %q, stderr %q, want status 2, nothing, %q and a hint",
				tc.args, got.status, got.stdout, got.stderr, tc.stderr)
		}
	}
}

func TestNoServer(t *testing.T) {
	addr := t.TempDir() + "/none.sock"
	got := run(t, "", "get", "foo", "--addr", addr)
	if got.status != 3 || got.stdout != "" || !strings.Contains(got.stderr, addr) {
		t.Errorf("status %d, stdout %q, stderr %q, want status 3 and the address on stderr", got.status, got.stdout, got.stderr)
	}
	if strings.Contains(got.stderr, "usage") {
		t.Errorf("stderr %q hints at the usage, which was right", got.stderr)
	}
}

func TestTimeout(t *testing.T) {
	// A server that takes connections, which the system does for it, and does
	// nothing else.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := run(t, "", "get", "foo", "--addr", l.Addr().String(), "--timeout", "10ms")
	// On a busy machine the time may be over before the connection is there,
	// which package net says in its own words.
	if got.status != 3 || !strings.Contains(got.stderr, "deadline") && !strings.Contains(got.stderr, "i/o timeout") {
		t.Errorf("status %d, stderr %q, want 3 and the reason", got.status, got.stderr)
	}
}

func TestCancelledWhileReadingInput(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	// A reader that gives the signal when it is read, and then blocks, as a
	// terminal does.
	in := &blockingReader{read: cancel, release: make(chan struct{})}
	defer close(in.release)
	var stdout, stderr bytes.Buffer
	status := cli.Run(ctx, words("set k -"), in, &stdout, &stderr)
	if status == 0 || !strings.Contains(stderr.String(), "canceled") {
		t.Errorf("status %d, stderr %q, want a failure that says why", status, stderr.String())
	}
}

type blockingReader struct {
	read    func()
	release chan struct{}
}

func (r *blockingReader) Read([]byte) (int, error) {
	r.read()
	<-r.release
	return 0, context.Canceled
}
