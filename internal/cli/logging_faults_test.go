package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gogibson/gibson/internal/cli"
)

// logFault is what a write to a broken log does: of b it takes n bytes.
type logFault func(b []byte) (n int, err error)

// logFaults are all ways to write less than everything, or to fail all the same.
var logFaults = []struct {
	name  string
	write logFault
	// lost says how many of three lines are, by themselves and collected.
	lost, lostTogether int
}{
	{"error, nothing", func([]byte) (int, error) { return 0, syscall.EIO }, 3, 3},
	{"error in a line", func(b []byte) (int, error) { return len(b) / 2, syscall.EIO }, 3, 2},
	{"error before the end of a line", func(b []byte) (int, error) { return len(b) - 1, syscall.EIO }, 3, 1},
	{"error after the first line", func(b []byte) (int, error) { return bytes.IndexByte(b, '\n') + 1, syscall.EIO }, 0, 2},
	{"error after everything", func(b []byte) (int, error) { return len(b), syscall.EIO }, 0, 0},
	{"short, with its error", func(b []byte) (int, error) { return len(b) / 2, io.ErrShortWrite }, 3, 2},
	{"short in a line, no error", func(b []byte) (int, error) { return len(b) / 2, nil }, 3, 2},
	{"short before the end of a line, no error", func(b []byte) (int, error) { return len(b) - 1, nil }, 3, 1},
	{"short after the first line, no error", func(b []byte) (int, error) { return bytes.IndexByte(b, '\n') + 1, nil }, 0, 2},
	{"nothing, no error", func([]byte) (int, error) { return 0, nil }, 3, 3},
}

// faultyLog is the place of a log, which can break and be mended.
type faultyLog struct {
	io.Writer
	mu    sync.Mutex
	fault logFault // nil while it is whole
}

func (l *faultyLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault == nil {
		return l.Writer.Write(b)
	}
	n, err := l.fault(b)
	if _, e := l.Writer.Write(b[:n]); e != nil {
		return 0, e
	}
	return n, err
}

func (l *faultyLog) set(fault logFault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = fault
}

// wholeLine is a line of the log with which nothing else got mixed up.
var wholeLine = regexp.MustCompile(`^time=\S+ level=[A-Z]+ msg=("[^"]*"|\w+)( \w+=\w+)*$`)

// TestLogFaults: lines that do not get written whole are counted, whatever the
// write answers, and the later ones are whole.
func TestLogFaults(t *testing.T) {
	for _, tc := range logFaults {
		for rate, lost := range map[int]int{1: tc.lost, 3: tc.lostTogether} {
			t.Run(fmt.Sprintf("%s, %d at a time", tc.name, rate), func(t *testing.T) {
				var out bytes.Buffer
				disk := &faultyLog{Writer: &out, fault: tc.write}
				log := cli.NewLog(t, "", rate, nil, disk, "text", slog.LevelInfo)
				for i := range 3 {
					log.Logger.Info("broken", "line", i)
				}
				if n := log.Lost(); n != int64(lost) {
					t.Errorf("%d lines are lost, want %d", n, lost)
				}
				disk.set(nil)
				for i := range 3 {
					log.Logger.Info("mended", "line", i)
				}
				log.Logger.Error("end") // what is collected is written
				log.Close()
				if n := log.Lost(); n != int64(lost) {
					t.Errorf("%d lines are lost after the mending, want %d", n, lost)
				}
				whole := map[string]int{}
				for line := range strings.Lines(out.String()) {
					if line = strings.TrimSuffix(line, "\n"); wholeLine.MatchString(line) {
						_, said, _ := strings.Cut(line, " level=")
						whole[said]++
					}
				}
				want := []string{"INFO msg=mended line=0", "INFO msg=mended line=1", "INFO msg=mended line=2", "ERROR msg=end"}
				if lost > 0 {
					want = append(want, fmt.Sprintf(`WARN msg="lines of the log were lost" lines=%d`, lost))
				}
				for _, said := range want {
					if whole[said] != 1 {
						t.Errorf("%q is there %d times as a line of its own, want once", said, whole[said])
					}
				}
				if t.Failed() {
					t.Logf("the log:\n%s", &out)
				}
			})
		}
	}
}
