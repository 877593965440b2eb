package cli_test

import (
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gogibson/gibson/internal/cli"
	"github.com/gogibson/gibson/internal/config"
)

func TestPIDFile(t *testing.T) {
	dir := t.TempDir()
	name, target := filepath.Join(dir, "pid"), filepath.Join(dir, "target")
	// A link is replaced, and what it points to is left alone.
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, name); err != nil {
		t.Skip(err)
	}
	remove, err := cli.WritePID(name)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != strconv.Itoa(os.Getpid())+"\n" {
		t.Errorf("%q, %v, want this process's number", data, err)
	}
	if data, _ := os.ReadFile(target); string(data) != "precious" {
		t.Errorf("the target of the link is %q", data)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%v is left, want the target alone", left)
	}
	// Another server's file is not removed.
	remove, err = cli.WritePID(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != "1\n" {
		t.Errorf("%q, %v, want the other's number", data, err)
	}
	if _, err := cli.WritePID(filepath.Join(dir, "none", "pid")); err == nil {
		t.Error("a pidfile in no directory was written")
	}
}

func TestClientsWithin(t *testing.T) {
	for _, tc := range []struct {
		max   int
		files uint64
		err   error
		want  int
		log   string
	}{
		{1024, 2000, nil, 1024, ""},
		{1024, 1088, nil, 1024, ""},
		{1024, 1087, nil, 1023, "lowered_to=1023"},
		{1024, 64, nil, 1, "lowered_to=1"},
		{1024, 0, nil, 1, "LimitNOFILE"},
		{1024, math.MaxUint64, nil, 1024, ""},
		{1024, 0, errors.New("broken"), 1024, "err=broken"},
	} {
		got, log := cli.ClientsWithin(tc.max, tc.files, tc.err)
		if got != tc.want || !strings.Contains(log, tc.log) || tc.log == "" && log != "" {
			t.Errorf("%d clients, %d files, %v: %d, %q, want %d, %q", tc.max, tc.files, tc.err, got, log, tc.want, tc.log)
		}
	}
}

func TestFileLimit(t *testing.T) {
	now, err := cli.FileLimit(1)
	if err != nil || now < 3 {
		t.Fatalf("%d, %v, want what the process has", now, err)
	}
	// More than any system allows: whatever comes of it is no less.
	if got, err := cli.FileLimit(1 << 60); err != nil || got < now {
		t.Errorf("%d, %v, want %d or more", got, err, now)
	}
}

// TestEvictionNames holds the configuration's names to the cache's.
func TestEvictionNames(t *testing.T) {
	d, ok := config.Lookup("eviction")
	if !ok {
		t.Fatal("no such directive")
	}
	for _, name := range strings.Fields(strings.NewReplacer(",", " ", " or ", " ").Replace(d.Allowed())) {
		if got := cli.Eviction(name).String(); got != name {
			t.Errorf("eviction %s is the cache's %s", name, got)
		}
	}
}

// TestStatusLine looks for the figures that the original logs.
func TestStatusLine(t *testing.T) {
	log := cli.Ticks(t, 3, slog.LevelInfo)
	if n := strings.Count(log, "level=INFO msg=status MEM="); n != 3 || !strings.Contains(log, " CLIENTS=0 OBJECTS=3\n") {
		t.Errorf("%d lines, want 3 with MEM, CLIENTS and OBJECTS:\n%s", n, log)
	}
	if log := cli.Ticks(t, 3, slog.LevelWarn); log != "" {
		t.Errorf("logged above info: %s", log)
	}
}
