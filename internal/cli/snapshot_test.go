//go:build unix

package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/cli"
	"github.com/gogibson/gibson/internal/snapshot"
)

// snapshotServer runs a server with a snapshot on a socket in dir, and lets
// the commands that follow talk to it.
func snapshotServer(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	socket := filepath.Join(dir, "s")
	t.Setenv("GIBSON_ADDR", socket)
	return serving(t, "network=unix addr="+socket, append([]string{
		"--unix-socket", socket, "--admin", "off", "--snapshot", filepath.Join(dir, "snap")}, args...)...)
}

// expect runs commands and compares what they print.
func expect(t *testing.T, steps ...step) {
	t.Helper()
	for _, s := range steps {
		if got := run(t, "", s.args...); got.status != s.status || got.stdout != s.stdout {
			t.Errorf("gibson %q: status %d, stdout %q (stderr %q), want %d, %q", s.args, got.status, got.stdout, got.stderr, s.status, s.stdout)
		}
	}
}

// names returns the names in a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestSnapshotOverRestart stops a server and starts another.
func TestSnapshotOverRestart(t *testing.T) {
	dir := socketDir(t)
	server := snapshotServer(t, dir)
	expect(t,
		step{args: words("set name Ada --ttl 1000"), stdout: "Ada"},
		step{args: words("inc count"), stdout: "1"},
		step{args: words("lock name -1"), stdout: "OK\n"},
	)
	if status, log := server.end(); status != 0 || !strings.Contains(log, "there is no snapshot yet") || !strings.Contains(log, `msg="snapshot written"`) {
		t.Errorf("status %d:\n%s", status, log)
	}
	// As if a server had been killed while it wrote.
	if err := os.WriteFile(filepath.Join(dir, "snap.tmp-123"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	server = snapshotServer(t, dir)
	expect(t,
		step{args: words("get name"), stdout: "Ada"},
		step{args: words("meta name ttl"), stdout: "1000"},
		step{args: words("meta name lock"), stdout: "-1"},
		step{args: words("inc count"), stdout: "2"},
		step{args: words("set name Grace"), status: 3},
	)
	if status, log := server.end(); status != 0 || !strings.Contains(log, `msg="snapshot loaded"`) || !strings.Contains(log, "items=2 expired=0") {
		t.Errorf("status %d:\n%s", status, log)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("%q are left, want the snapshot alone", got)
	}
}

// TestSnapshotIsRefused damages the file in several ways.
func TestSnapshotIsRefused(t *testing.T) {
	dir := socketDir(t)
	name := filepath.Join(dir, "snap")
	server := snapshotServer(t, dir, "--compression", "off")
	for i := range 20 {
		expect(t, step{args: []string{"set", fmt.Sprint("key:", i), strings.Repeat("v", 100<<10)}, stdout: strings.Repeat("v", 100<<10)})
	}
	server.end()
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(b []byte) []byte
		args   []string
		items  string
		log    string
	}{
		{"damaged", func(b []byte) []byte { b[100]++; return b }, nil, "0", "its checksum is wrong (block 0, at byte 32)"},
		{"damaged late", func(b []byte) []byte { b[len(b)-1]++; return b }, nil, "0", "its checksum is wrong (block 20"},
		{"cut off", func(b []byte) []byte { return b[:len(b)/2] }, nil, "0", "it ends too early"},
		{"something else", func([]byte) []byte { return []byte("max_memory 1G\n") }, nil, "0", "damaged"},
		{"salvage", func(b []byte) []byte { b[100]++; return b }, words("--salvage"), "19", "parts=1"},
		{"nothing to salvage", func([]byte) []byte { return make([]byte, 1000) }, words("--salvage"), "0", "reading its whole parts failed"},
		{"no need to salvage", func(b []byte) []byte { return b }, words("--salvage"), "20", "snapshot loaded"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bad := tc.change(bytes.Clone(whole))
			if err := os.WriteFile(name, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			server := snapshotServer(t, dir, append(tc.args, "--compression", "off")...)
			got := run(t, "", "count", "key:")
			status, log := server.end()
			if status != 0 || strings.TrimSpace(got.stdout) != tc.items && (got.status != 1 || tc.items != "0") || !strings.Contains(log, tc.log) {
				t.Errorf("status %d, %s items, want %s and %q in\n%s", status, got.stdout, tc.items, tc.log, log)
			}
			aside, err := filepath.Glob(name + ".refused-*")
			if err != nil || len(aside) != 1 && tc.name != "no need to salvage" {
				t.Fatalf("%v, %v, want one file kept aside", aside, err)
			}
			for _, a := range aside {
				if data, err := os.ReadFile(a); err != nil || !bytes.Equal(data, bad) || !strings.Contains(log, a) {
					t.Errorf("%v; the file kept aside is another, or not in the log", err)
				}
				if err := os.Remove(a); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestSnapshotCannotBeRead: the server does not start, and touches nothing.
func TestSnapshotCannotBeRead(t *testing.T) {
	dir := socketDir(t)
	if err := os.Mkdir(filepath.Join(dir, "snap"), 0o700); err != nil {
		t.Fatal(err)
	}
	got := run(t, "", "serve", "--unix-socket", filepath.Join(dir, "s"), "--admin", "off", "--snapshot", filepath.Join(dir, "snap"))
	if got.status != 3 || !strings.Contains(got.stderr, "cannot be read; move it away") {
		t.Errorf("status %d, %s", got.status, got.stderr)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("%q are left, want the directory alone", got)
	}
}

func TestSnapshotAboveMaxMemory(t *testing.T) {
	dir := socketDir(t)
	server := snapshotServer(t, dir, "--compression", "off", "--max-value-size", "1M", "--max-request-size", "2M")
	for i := range 20 {
		expect(t, step{args: []string{"set", fmt.Sprint("key:", i), strings.Repeat("v", 1<<20)}, stdout: strings.Repeat("v", 1<<20)})
	}
	server.end()
	whole, err := os.ReadFile(filepath.Join(dir, "snap"))
	if err != nil {
		t.Fatal(err)
	}
	server = snapshotServer(t, dir, "--max-memory", "10M")
	if got := run(t, "", "get", "key:0"); len(got.stdout) != 1<<20 {
		t.Errorf("the first key: %d bytes, status %d", len(got.stdout), got.status)
	}
	_, log := server.end()
	if !strings.Contains(log, "max_memory is reached, the rest of the snapshot is not loaded") {
		t.Errorf("nothing is said about it:\n%s", log)
	}
	aside, err := filepath.Glob(filepath.Join(dir, "snap.left-*"))
	if err != nil || len(aside) != 1 {
		t.Fatalf("%q, %v, want the fuller file kept aside", aside, err)
	}
	if data, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(data, whole) || !strings.Contains(log, aside[0]) {
		t.Errorf("%v; the file kept aside is another, or not in the log", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "snap")); err != nil || info.Size() >= int64(len(whole)) {
		t.Errorf("%v, %d bytes were written, want fewer than %d", err, info.Size(), len(whole))
	}
}

// TestFullerSnapshotIsKeptOnce: only the first snapshot after a load that left
// something replaces what was left, and none does if it cannot be kept.
func TestFullerSnapshotIsKeptOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		small, big := cacheOf(t, 16<<20), cacheOf(t, 64<<20)
		for i := range 20 {
			if err := big.Set(fmt.Sprint("key:", i), bytes.Repeat([]byte("v"), 1<<20), 0); err != nil {
				t.Fatal(err)
			}
		}
		name := filepath.Join(t.TempDir(), "snap")
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, nil))
		first := cli.NewKeeper(name, snapshot.Disk{}, big, logger)
		defer first.Close()
		if err := first.Finish(); err != nil {
			t.Fatal(err)
		}
		disk := &brokenDisk{unlinkable: syscall.EACCES}
		k := cli.NewKeeper(name, disk, small, logger)
		defer k.Close()
		if err := k.Load(false); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Finish(); !errors.Is(err, syscall.EACCES) {
			t.Errorf("%v, want EACCES", err)
		}
		if data, err := os.ReadFile(name); err != nil || !bytes.Equal(data, whole) {
			t.Errorf("%v, or the fuller file was replaced", err)
		}
		disk.unlinkable = nil
		for range 2 {
			time.Sleep(time.Second)
			if err := k.Finish(); err != nil {
				t.Error(err)
			}
		}
		if got := names(t, filepath.Dir(name)); len(got) != 2 || got[0] != "snap" || !strings.HasPrefix(got[1], "snap.left-") {
			t.Errorf("%q, want the snapshot and one kept aside\n%s", got, &log)
		}
		if w, f := k.Counts(); w != 2 || f != 1 {
			t.Errorf("%d written, %d failed, want 2 and 1", w, f)
		}
	})
}

// cacheOf makes a cache with that limit, which stores values as they are.
func cacheOf(t *testing.T, maxMemory int64) *cache.Cache {
	t.Helper()
	c, err := cache.New(&cache.Options{MaxMemory: maxMemory, Compression: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// brokenDisk fails to flush, or to give a file another name.
type brokenDisk struct {
	snapshot.Disk
	err, unlinkable error
}

func (d *brokenDisk) Link(from, to string) error {
	if d.unlinkable != nil {
		return d.unlinkable
	}
	return d.Disk.Link(from, to)
}

func (d *brokenDisk) Rename(from, to string) error {
	if d.unlinkable != nil {
		return d.unlinkable
	}
	return d.Disk.Rename(from, to)
}

func (d *brokenDisk) CreateTemp(dir, pattern string) (snapshot.File, error) {
	f, err := d.Disk.CreateTemp(dir, pattern)
	return brokenFile{f, d}, err
}

type brokenFile struct {
	snapshot.File
	disk *brokenDisk
}

func (f brokenFile) Sync() error { return f.disk.err }

// TestSnapshotTimes lets time pass, and the disk be full.
func TestSnapshotTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		items, err := cache.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer items.Close()
		if err := items.Set("key", []byte("value"), 0); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		disk := &brokenDisk{}
		name := filepath.Join(t.TempDir(), "snap")
		k := cli.NewKeeper(name, disk, items, slog.New(slog.NewTextHandler(&log, nil)))
		defer k.Close()
		check := func(written, failed int64) {
			t.Helper()
			synctest.Wait()
			if w, f := k.Counts(); w != written || f != failed {
				t.Fatalf("%d written, %d failed, want %d, %d:\n%s", w, f, written, failed, &log)
			}
		}
		k.Start(time.Minute)
		time.Sleep(time.Minute - 1)
		check(0, 0)
		time.Sleep(2*time.Minute + 1)
		check(3, 0)
		k.SetInterval(time.Hour)
		time.Sleep(59 * time.Minute)
		check(3, 0)
		time.Sleep(time.Minute)
		check(4, 0)
		k.SetInterval(0)
		time.Sleep(1000 * time.Hour)
		check(4, 0)
		if err := k.Ask(); err != nil {
			t.Fatal(err)
		}
		check(5, 0)
		before, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		disk.err = syscall.ENOSPC
		if err := k.Ask(); err != nil {
			t.Fatal(err)
		}
		check(5, 1)
		if err := k.Finish(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("at exit: %v", err)
		}
		check(5, 2)
		if after, err := os.ReadFile(name); err != nil || !bytes.Equal(after, before) || len(names(t, filepath.Dir(name))) != 1 {
			t.Errorf("%v, or the old file has changed, or one is left: %q", err, names(t, filepath.Dir(name)))
		}
		if n := strings.Count(log.String(), "level=ERROR msg=\"no snapshot was written"); n != 2 {
			t.Errorf("%d errors were logged, want 2:\n%s", n, &log)
		}
		none := cli.NewKeeper("", disk, items, slog.New(slog.NewTextHandler(&log, nil)))
		defer none.Close()
		if err := none.Ask(); err == nil {
			t.Error("a snapshot was taken without a directive")
		}
		if err := errors.Join(none.Load(false), none.Finish()); err != nil {
			t.Error(err)
		}
	})
}

// TestSnapshotByAdmin asks for one over HTTP.
func TestSnapshotByAdmin(t *testing.T) {
	dir := socketDir(t)
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("0123456789abcdef0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := snapshotServer(t, dir, "--admin", "127.0.0.1:0", "--admin-token-file", token)
	base := "http://" + server.admin(t)
	if status, body := fetch(t, "POST", base+"/snapshot", ""); status != 401 {
		t.Errorf("without the token: %d, %q", status, body)
	}
	if status, body := fetch(t, "POST", base+"/snapshot", "0123456789abcdef0123456789abcdef"); status != 200 {
		t.Errorf("%d, %q", status, body)
	}
	for end := time.Now().Add(time.Minute); ; {
		_, body := fetch(t, "GET", base+"/metrics", "")
		if strings.Contains(body, "gibson_snapshots_total 1\n") && strings.Contains(body, "gibson_snapshots_failed_total 0\n") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("no snapshot in\n%s", body)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "snap")); err != nil {
		t.Error(err)
	}
}
