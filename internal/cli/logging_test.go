package cli_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson/internal/cli"
	"github.com/gogibson/gibson/internal/config"
)

// readLog returns what a log file holds.
func readLog(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestLogLevelsAndFormats(t *testing.T) {
	var stdout, stderr bytes.Buffer
	for _, tc := range []struct {
		file, format string
		out          *bytes.Buffer
	}{{"", "text", &stderr}, {"/dev/stderr", "text", &stderr}, {"/dev/stdout", "json", &stdout}} {
		stdout.Reset()
		stderr.Reset()
		log := cli.NewLog(t, tc.file, 1, &stdout, &stderr, tc.format, slog.LevelWarn)
		log.Logger.Info("too low")
		log.Logger.Log(t.Context(), config.LevelCritical, "high", "n", 1)
		if stdout.Len()+stderr.Len() != tc.out.Len() || strings.Contains(tc.out.String(), "too low") || !strings.Contains(tc.out.String(), "CRITICAL") {
			t.Errorf("logfile %q, format %s: stdout %q, stderr %q", tc.file, tc.format, &stdout, &stderr)
		}
		var object map[string]any
		if err := json.Unmarshal(tc.out.Bytes(), &object); (err == nil) != (tc.format == "json") {
			t.Errorf("format %s: %q", tc.format, tc.out)
		}
	}
}

func TestLogFlushRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "log")
		log := cli.NewLog(t, name, 3, nil, nil, "text", slog.LevelInfo)
		lines := func(want int, when string) {
			t.Helper()
			if got := strings.Count(readLog(t, name), "\n"); got != want {
				t.Errorf("%s: %d lines in the file, want %d", when, got, want)
			}
		}
		log.Logger.Info("1")
		log.Logger.Info("2")
		lines(0, "two lines")
		log.Logger.With("a", 1).WithGroup("g").Info("3")
		lines(3, "the third")
		log.Logger.Info("4")
		lines(3, "one more")
		time.Sleep(time.Second)
		synctest.Wait()
		lines(4, "a second later")
		log.Logger.Info("5")
		log.Logger.With("a", 1).Error("6")
		lines(6, "an error")
		log.Logger.Info("7")
		log.Close()
		lines(7, "the end")
	})
}

// fullDisk takes so many bytes and no more.
type fullDisk struct {
	bytes.Buffer
	room int
}

func (d *fullDisk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	d.room -= n
	d.Buffer.Write(b[:n])
	if n < len(b) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// WriteString is Write, in place of the buffer's, which would always succeed.
func (d *fullDisk) WriteString(s string) (int, error) { return d.Write([]byte(s)) }

// TestLogOnFullDisk loses lines, goes on, and tells how many once it can.
func TestLogOnFullDisk(t *testing.T) {
	for _, rate := range []int{1, 3} {
		disk := &fullDisk{room: 5}
		log := cli.NewLog(t, "", rate, nil, disk, "text", slog.LevelInfo)
		for range 6 {
			log.Logger.Info("lost")
		}
		if n := log.Lost(); n != 6 {
			t.Errorf("rate %d: %d lines lost, want 6", rate, n)
		}
		disk.room = 1 << 20
		for range rate {
			log.Logger.Info("again")
		}
		log.Logger.With("a", 1).Error("now")
		out := disk.String()
		if lines := strings.Split(out, "\n"); lines[0] != "time=" || strings.Count(out, "lost") != 1 || !strings.Contains(out, `msg="lines of the log were lost" lines=6`) {
			t.Errorf("rate %d: want the torn line by itself, and one about the 6:\n%s", rate, out)
		}
		if !strings.Contains(out, "again") || !strings.Contains(out, "now") {
			t.Errorf("rate %d: lines are missing in\n%s", rate, out)
		}
	}
}

func TestLogReopen(t *testing.T) {
	dir := t.TempDir()
	name, other := filepath.Join(dir, "log"), filepath.Join(dir, "other")
	log := cli.NewLog(t, name, 1, nil, nil, "text", slog.LevelInfo)
	log.Logger.Info("one")
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	log.Logger.Info("two")
	if err := log.Reopen(name); err != nil {
		t.Fatal(err)
	}
	log.Logger.Info("three")
	if old, new := readLog(t, name+".1"), readLog(t, name); strings.Count(old, "\n") != 2 || !strings.Contains(new, "three") {
		t.Errorf("rotated %q, new %q", old, new)
	}
	if err := log.Reopen(filepath.Join(dir, "none", "log")); err == nil {
		t.Error("a file in no directory was opened")
	}
	log.Logger.Info("four")
	if err := log.Reopen(other); err != nil {
		t.Fatal(err)
	}
	log.Logger.Info("five")
	if old, new := readLog(t, name), readLog(t, other); !strings.Contains(old, "four") || !strings.Contains(new, "five") || strings.Contains(new, "four") {
		t.Errorf("old %q, other %q", old, new)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o027 != 0 {
		t.Errorf("mode %v, %v, want nothing for others", info.Mode(), err)
	}
}
