package integration

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReference asks an original server and ours the same and compares the raw
// replies, line by line of every probe. Only the lines of
// testdata/exceptions.txt may differ, and those must.
func TestReference(t *testing.T) {
	bin := os.Getenv("GIBSON_BIN")
	if bin == "" {
		t.Skip("set GIBSON_BIN to the path of an original Gibson server (1.2.x) to compare every reply with it")
	}
	exceptions := loadExceptions(t)
	for _, s := range loadScripts(t, "probes") {
		t.Run(s.id, func(t *testing.T) {
			differs := exceptionsOf(exceptions, s.id)
			ours := playProbe(t, newWorld(t, modeUnix, s.conf), s, differs)
			theirs := &player{t: t, w: newProcess(t, bin, s.conf)}
			theirs.play(s)
			for i, st := range s.steps {
				_, allowed := differs[i]
				if err := compareStep(st, ours[i], theirs.outcomes[i], allowed); err != nil {
					t.Errorf("%s: %s: %v", st.where, st.text, err)
				}
			}
		})
	}
}

// compareStep compares what one step gave on both sides. differs says that it
// stands in the table of exceptions.
func compareStep(st step, ours, theirs []outcome, differs bool) error {
	if st.expect == "" || st.verb == "stats" || st.until != "" {
		return nil // each side was held against its own expectation
	}
	equal := len(ours) == len(theirs)
	for i := range min(len(ours), len(theirs)) {
		want, err := parseExpectations(number(st.expect, st.from))
		if err != nil {
			return err
		}
		if e := want[min(i, len(want)-1)]; !differs && e.raw == nil && (e.kind != "" || e.event == eventGone) {
			continue // a time, a chance, a figure of the machine: compared by kind
		}
		if ours[i].event != theirs[i].event || !bytes.Equal(ours[i].raw, theirs[i].raw) {
			equal = false
		}
	}
	switch {
	case equal && differs:
		return fmt.Errorf("the table says that this differs, but both answer %v", ours)
	case !equal && !differs:
		return fmt.Errorf("we answer %v, the original %v", ours, theirs)
	}
	return nil
}

// TestCompareStep shows that TestReference would see a difference, and the lack
// of one.
func TestCompareStep(t *testing.T) {
	five, six := outcome{raw: numberReply(5)}, outcome{raw: numberReply(6)}
	for _, c := range []struct {
		expect       string
		ours, theirs []outcome
		differs      bool
		ok           bool
	}{
		{"NUM 5", []outcome{five}, []outcome{five}, false, true},
		{"NUM 5", []outcome{six}, []outcome{five}, false, false},
		{"NUM 5", []outcome{six}, []outcome{five}, true, true},
		{"NUM 5", []outcome{five}, []outcome{five}, true, false},
		{"NUM 5", []outcome{five}, nil, false, false},
		{"NUM 5", []outcome{five, {event: eventClosed}}, []outcome{five}, false, false},
		{"CLOSED", []outcome{five}, []outcome{{event: eventClosed}}, false, false},
		{"RESET", []outcome{five}, []outcome{{event: eventReset}}, true, true},
		{"NUM 1..9", []outcome{six}, []outcome{five}, false, true},
		{"TIME 0s", []outcome{six}, []outcome{five}, false, true},
		{"TIME 0s", []outcome{five}, []outcome{five}, true, false},
	} {
		err := compareStep(step{verb: "request", expect: c.expect}, c.ours, c.theirs, c.differs)
		if (err == nil) != c.ok {
			t.Errorf("%s: ours %v, theirs %v, differs %v: %v", c.expect, c.ours, c.theirs, c.differs, err)
		}
	}
}

// process is a world with a server of its own in another process, whose clock
// is the real one.
type process struct {
	began   time.Time
	socket  string
	cmd     *exec.Cmd
	exited  chan struct{} // closed when the process has ended
	clients map[int]*wireClient
}

// directives are those of the configuration that the original ships, but for
// the paths.
const directives = `loglevel 1
logflushrate 1
daemonize 0
max_memory 1G
max_item_ttl 2592000
max_idletime 30
max_clients 255
max_request_size 2M
max_key_size 1K
max_value_size 2096127
max_response_size 15M
gc_ratio 15m
compression 4K
cron_period 100
expired_cron 15s
max_mem_cron 15s
`

// socketDir returns a directory whose path is short enough for a socket.
func socketDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gib")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// newProcess starts bin and waits until it answers. It ends with the test.
func newProcess(t testing.TB, bin string, conf [][2]string) *process {
	t.Helper()
	dir := socketDir(t)
	p := &process{socket: filepath.Join(dir, "g.sock"), exited: make(chan struct{}), clients: map[int]*wireClient{}}
	text := directives
	for _, c := range conf {
		if c[0] == "eviction" {
			continue // the original has one policy
		}
		text = withoutDirective(text, c[0]) + c[0] + " " + c[1] + "\n"
	}
	text += fmt.Sprintf("unix_socket %s\nlogfile %s\npidfile %s\n",
		p.socket, filepath.Join(dir, "g.log"), filepath.Join(dir, "g.pid"))
	path := filepath.Join(dir, "gibson.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(bin, "-c", path)
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("GIBSON_BIN: %v", err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // a crash is an answer too
	}()
	t.Cleanup(func() {
		for _, c := range p.clients {
			c.hangup()
		}
		_ = p.cmd.Process.Kill()
		<-p.exited
	})
	p.await(t)
	p.began = time.Now()
	return p
}

// withoutDirective removes the line that sets name.
func withoutDirective(text, name string) string {
	var sb strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, name+" ") {
			sb.WriteString(line)
		}
	}
	return sb.String()
}

// await returns when the server takes connections.
func (p *process) await(t testing.TB) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for guard := time.After(hangGuard); ; {
		conn, err := dialer(p.socket)()
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-p.exited:
			t.Fatalf("GIBSON_BIN: the server ended at once: %v", p.cmd.ProcessState)
		case <-guard:
			t.Fatalf("GIBSON_BIN: no connection: %v", err)
		}
	}
}

func (p *process) client(_ testing.TB, n int) client {
	if p.clients[n] == nil {
		p.clients[n] = &wireClient{dial: dialer(p.socket)}
	}
	return p.clients[n]
}

// advance waits: the other process has no clock that could be moved.
func (p *process) advance(d time.Duration) { <-time.After(d) }

func (p *process) now() time.Time   { return time.Now() }
func (p *process) start() time.Time { return p.began }
func (p *process) slack() int64     { return 1 }

func (p *process) stop(t testing.TB) (left bool) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	select {
	case <-p.exited:
	case <-time.After(hangGuard):
		t.Error("the server does not stop")
	}
	_, err := os.Lstat(p.socket)
	return err == nil
}
