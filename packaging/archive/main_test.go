package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"
)

// at is the time of all files.
var at = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// tree returns files whose times and modes are some machine's.
func tree(modified time.Time, umask fs.FileMode) fs.FS {
	return fstest.MapFS{
		"gibson":    {Data: []byte("program"), Mode: 0o777 &^ umask, ModTime: modified},
		"b/LICENSE": {Data: []byte("text"), Mode: 0o666 &^ umask, ModTime: modified},
		"a/first":   {Data: bytes.Repeat([]byte("x"), 1<<16), Mode: 0o666 &^ umask, ModTime: modified},
	}
}

// want is what an archive of tree holds.
var want = []string{"p/a/first 644", "p/b/LICENSE 644", "p/gibson 755"}

func TestSameBytes(t *testing.T) {
	for _, ending := range []string{".tar.gz", ".zip"} {
		var made [2][]byte
		for i, files := range []fs.FS{tree(time.Now(), 0o022), tree(time.Unix(1, 0), 0o077)} {
			name := filepath.Join(t.TempDir(), "a"+ending)
			if err := create(name, files, "p", at); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			made[i] = data
		}
		if !bytes.Equal(made[0], made[1]) {
			t.Errorf("%s: two archives of the same files differ", ending)
		}
		if got := list(t, made[0], ending); !slices.Equal(got, want) {
			t.Errorf("%s holds %q, want %q", ending, got, want)
		}
	}
}

// list returns names and modes of the files in an archive.
func list(t *testing.T, data []byte, ending string) (all []string) {
	t.Helper()
	entry := func(name string, mode fs.FileMode, modified time.Time, r io.Reader) {
		if !modified.Equal(at) {
			t.Errorf("%s %s is of %v, want %v", ending, name, modified, at)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Errorf("%s %s: %v", ending, name, err)
		}
		all = append(all, name+" "+string([]byte{'0' + byte(mode>>6&7), '0' + byte(mode>>3&7), '0' + byte(mode&7)}))
	}
	if ending == ".zip" {
		zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range zr.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			entry(f.Name, f.Mode(), f.Modified, r)
			r.Close()
		}
		return all
	}
	zr, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	tr := tar.NewReader(zr)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		entry(h.Name, fs.FileMode(h.Mode), h.ModTime, tr)
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	if err := create(filepath.Join(dir, "a.rar"), tree(at, 0), "p", at); err == nil {
		t.Error("an archive of an unknown kind was made")
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	if err := create(filepath.Join(t.TempDir(), "a.zip"), os.DirFS(dir), "p", at); err == nil {
		t.Error("a link was packed")
	}
}
