package snapshot_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/snapshot"
)

// faulty is a disk on which one call fails: the one that fail says, counted
// from 0 over all writes, syncs, renames and so on.
type faulty struct {
	snapshot.Disk
	calls []string // made so far
	fail  int
	err   error
	short bool // a write that fails takes half of its bytes
}

func (f *faulty) step(what string) error {
	n := len(f.calls)
	f.calls = append(f.calls, what)
	if n == f.fail {
		return f.err
	}
	return nil
}

func (f *faulty) CreateTemp(dir, pattern string) (snapshot.File, error) {
	if err := f.step("create"); err != nil {
		return nil, err
	}
	file, err := f.Disk.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	return &faultyFile{file, f}, nil
}

func (f *faulty) Rename(from, to string) error {
	if err := f.step("rename"); err != nil {
		return err
	}
	return f.Disk.Rename(from, to)
}

func (f *faulty) SyncDir(dir string) error {
	if err := f.step("syncdir"); err != nil {
		return err
	}
	return f.Disk.SyncDir(dir)
}

type faultyFile struct {
	snapshot.File
	fs *faulty
}

func (f *faultyFile) Write(b []byte) (int, error) {
	if err := f.fs.step("write"); err != nil {
		n := 0
		if f.fs.short {
			n, _ = f.File.Write(b[:len(b)/2])
			err = nil // the worst kind
		}
		return n, err
	}
	return f.File.Write(b)
}

func (f *faultyFile) Sync() error {
	if err := f.fs.step("sync"); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultyFile) Close() error {
	err := f.File.Close()
	return errors.Join(f.fs.step("close"), err)
}

// save writes records to a file.
func save(fsys snapshot.FS, name string, records []cache.Record) error {
	_, err := snapshot.Save(fsys, name, written(), func(w *snapshot.Writer) error {
		for i := range records {
			if err := w.Add(&records[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// load reads a file.
func load(name string) ([]cache.Record, error) {
	var all []cache.Record
	_, err := snapshot.Load(snapshot.Disk{}, name, func(records []cache.Record) error {
		for _, r := range records {
			all = append(all, clone(r))
		}
		return nil
	})
	return all, err
}

// listed returns the names in a directory.
func listed(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestSaveAndLoad(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "gibson.snapshot")
	if _, err := load(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for _, n := range []int{30000, 0, 10} {
		if err := save(snapshot.Disk{}, name, samples(n)); err != nil {
			t.Fatal(err)
		}
		got, err := load(name)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, samples(n))
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 && os.PathSeparator == '/' {
		t.Errorf("%v, %v, want mode 0600", info.Mode(), err)
	}
	if names := listed(t, dir); len(names) != 1 {
		t.Errorf("%q are there, want the file alone", names)
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("x"); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	if _, err := load(name); !errors.Is(err, snapshot.ErrDamaged) {
		t.Errorf("a byte behind the end: %v, want ErrDamaged", err)
	}
	stop := errors.New("enough")
	if _, err := snapshot.Load(snapshot.Disk{}, name, func([]cache.Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v, want what take returned", err)
	}
}

// TestFaults lets every step of a write fail, in every way.
func TestFaults(t *testing.T) {
	old, now := samples(3), samples(30000)
	count := &faulty{fail: -1}
	if err := save(count, filepath.Join(t.TempDir(), "f"), now); err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(count.calls, " "); !strings.HasPrefix(s, "create write write") || !strings.HasSuffix(s, "write sync close rename syncdir") {
		t.Fatalf("the steps are %s", s)
	}
	for i, what := range count.calls {
		for _, fault := range []faulty{{err: syscall.ENOSPC}, {err: syscall.EIO}, {err: syscall.EIO, short: true}} {
			if fault.short && what != "write" {
				continue
			}
			dir := t.TempDir()
			name := filepath.Join(dir, "f")
			if err := save(snapshot.Disk{}, name, old); err != nil {
				t.Fatal(err)
			}
			fault.fail = i
			err := save(&fault, name, now)
			if err == nil || !fault.short && !errors.Is(err, fault.err) {
				t.Fatalf("step %d, %s: %v, want %v", i, what, err, fault.err)
			}
			want := old
			if what == "syncdir" {
				want = now // it is there, but a power failure might undo that
			}
			got, err := load(name)
			if err != nil {
				t.Fatalf("step %d, %s: %v", i, what, err)
			}
			same(t, got, want)
			if names := listed(t, dir); len(names) != 1 {
				t.Errorf("step %d, %s: %q are there, want the file alone", i, what, names)
			}
		}
	}
	// What adds the records may fail as well.
	dir := t.TempDir()
	broken := errors.New("broken")
	if _, err := snapshot.Save(snapshot.Disk{}, filepath.Join(dir, "f"), written(), func(*snapshot.Writer) error { return broken }); !errors.Is(err, broken) || len(listed(t, dir)) != 0 {
		t.Errorf("%v, %q, want its error and no file", err, listed(t, dir))
	}
}

// full is a disk whose files are /dev/full.
type full struct{ snapshot.Disk }

func (full) CreateTemp(string, string) (snapshot.File, error) {
	return os.OpenFile("/dev/full", os.O_WRONLY, 0)
}
func (full) Remove(string) error { return nil }

func TestDevFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	if err := save(full{}, filepath.Join(t.TempDir(), "f"), samples(3)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want ENOSPC", err)
	}
}

func TestRemoveStale(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	for _, other := range []string{"f", "f.tmp-1", "f.tmp-4294967295", "f.tmp-", "f.tmp-1x", "g.tmp-1", "f.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, other), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "f.tmp-2"), 0o700); err != nil {
		t.Fatal(err)
	}
	// One that is just being written.
	if f, err := (snapshot.Disk{}).CreateTemp(dir, "f.tmp-*"); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	if n, err := snapshot.RemoveStale(snapshot.Disk{}, name); n != 3 || err != nil {
		t.Errorf("%d, %v, want 3", n, err)
	}
	if names := strings.Join(listed(t, dir), " "); names != "f f.tmp f.tmp- f.tmp-1x f.tmp-2 g.tmp-1" {
		t.Errorf("%s are left", names)
	}
	if n, err := snapshot.RemoveStale(snapshot.Disk{}, filepath.Join(dir, "none", "f")); n != 0 || err != nil {
		t.Errorf("no directory: %d, %v", n, err)
	}
}

func TestSetAside(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	aside, err := snapshot.SetAside(snapshot.Disk{}, name, written())
	if err != nil || aside != name+".refused-20231114-221320.123" {
		t.Errorf("%q, %v", aside, err)
	}
	if data, err := os.ReadFile(aside); string(data) != "x" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := snapshot.SetAside(snapshot.Disk{}, name, written()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want that there is none", err)
	}
}

// unlinkable is a file system without hard links.
type unlinkable struct{ snapshot.Disk }

func (unlinkable) Link(string, string) error { return syscall.EPERM }

func TestKeepAside(t *testing.T) {
	for _, tc := range []struct {
		name  string
		disk  snapshot.FS
		there bool // under the old name
	}{{"linked", snapshot.Disk{}, true}, {"renamed", unlinkable{}, false}} {
		t.Run(tc.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			aside, err := snapshot.KeepAside(tc.disk, name, written())
			if err != nil || aside != name+".left-20231114-221320.123" {
				t.Errorf("%q, %v", aside, err)
			}
			if data, err := os.ReadFile(aside); string(data) != "x" {
				t.Errorf("%q, %v", data, err)
			}
			if _, err := os.Stat(name); (err == nil) != tc.there {
				t.Errorf("under the old name: %v", err)
			}
			if err := os.RemoveAll(name); err != nil {
				t.Fatal(err)
			}
			if _, err := snapshot.KeepAside(tc.disk, name, written().Add(time.Hour)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v, want that there is none", err)
			}
		})
	}
}

// TestSalvage damages a file of many blocks, one in which a client stored a
// whole snapshot among them.
func TestSalvage(t *testing.T) {
	records := samples(60000)
	inner := encode(t, []cache.Record{{Key: []byte("zz"), Data: []byte("not of this file")}}, false)
	records = append(records, cache.Record{Key: []byte("l:snap"), Data: inner}, cache.Record{Key: []byte("zzz"), Data: []byte("last")})
	data := encode(t, records, true)
	wanted := make(map[string][]byte)
	for _, r := range records {
		wanted[string(r.Key)] = r.Data
	}
	var ends []int // of blocks
	at := 32
	for _, b := range split(data) {
		at += len(b)
		ends = append(ends, at)
	}
	if len(ends) < 6 {
		t.Fatalf("%d blocks", len(ends))
	}
	for _, tc := range []struct {
		name   string
		change func(b []byte) []byte
		blocks int64 // of ends, all but the last, that are to be had
		lost   bool
	}{
		{"whole", func(b []byte) []byte { return b }, int64(len(ends) - 1), false},
		{"file header", func(b []byte) []byte { b[3] = 0; return b }, int64(len(ends) - 1), true},
		{"a block's header", func(b []byte) []byte { b[ends[1]+20]++; return b }, int64(len(ends) - 2), true},
		{"a block's mark", func(b []byte) []byte { b[ends[1]] = 0; return b }, int64(len(ends) - 2), true},
		{"two bodies", func(b []byte) []byte { b[ends[0]+50]++; b[ends[2]+50]++; return b }, int64(len(ends) - 3), true},
		{"a piece missing", func(b []byte) []byte { return append(b[:ends[0]-100], b[ends[0]+100:]...) }, int64(len(ends) - 3), true},
		{"a piece too many", func(b []byte) []byte {
			return append(b[:ends[0]:ends[0]], append(make([]byte, 300<<10), b[ends[0]:]...)...)
		}, int64(len(ends) - 1), true},
		{"cut off", func(b []byte) []byte { return b[:ends[2]+100] }, 3, true},
		{"the end", func(b []byte) []byte { b[len(b)-1]++; return b }, int64(len(ends) - 1), true},
		{"the last block", func(b []byte) []byte { b[ends[len(ends)-2]-2]++; return b }, int64(len(ends) - 2), true},
		{"a block twice", func(b []byte) []byte { return append(b[:ends[1]:ends[1]], b[ends[0]:]...) }, int64(len(ends) - 1), true},
	} {
		name := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(name, tc.change(bytes.Clone(data)), 0o600); err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		totals, lost, err := snapshot.LoadDamaged(snapshot.Disk{}, name, func(records []cache.Record) error {
			for _, r := range records {
				key := string(r.Key)
				if seen[key] || !bytes.Equal(wanted[key], r.Data) || r.Data == nil && key != "b\x00\xff" {
					t.Errorf("%s: %.100q is not of the file, or was seen before", tc.name, key)
				}
				seen[key] = true
			}
			return nil
		})
		if err != nil || totals.Blocks != tc.blocks || (lost > 0) != tc.lost || int64(len(seen)) != totals.Items {
			t.Errorf("%s: %+v, %d lost, %v, want %d blocks", tc.name, totals, lost, err, tc.blocks)
		}
		if _, err := load(name); errors.Is(err, snapshot.ErrDamaged) != tc.lost {
			t.Errorf("%s: Load: %v", tc.name, err)
		}
	}
	for name, text := range map[string][]byte{"empty": nil, "text": []byte(strings.Repeat("no snapshot. ", 100)), "both ends": data[20 : len(data)-20]} {
		file := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if totals, _, err := snapshot.LoadDamaged(snapshot.Disk{}, file, nil); !errors.Is(err, snapshot.ErrDamaged) {
			t.Errorf("%s: %+v, %v, want ErrDamaged", name, totals, err)
		}
	}
}
