package snapshot

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/gogibson/gibson/cache"
)

// tempInfix is in the names of files that are not finished, behind the name
// that they are to have.
const tempInfix = ".tmp-"

// Save writes a snapshot to the file of that name, in place of one that is
// there. fill adds the records. The file is written under another name in the
// same directory, flushed, and then renamed, so whatever fails and whenever the
// program or the machine stops, there is the old file or the new one, whole.
// After an error the old one is there, unless it was the last step that failed,
// to make the rename last. The file is its owner's only.
func Save(fsys FS, name string, now time.Time, fill func(w *Writer) error) (Totals, error) {
	dir := filepath.Dir(name)
	f, err := fsys.CreateTemp(dir, filepath.Base(name)+tempInfix+"*")
	if err != nil {
		return Totals{}, fmt.Errorf("snapshot: %w", err)
	}
	totals, err := write(f, now, fill)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = fsys.Rename(f.Name(), name)
	}
	if err != nil {
		return totals, fmt.Errorf("snapshot: %w", errors.Join(err, fsys.Remove(f.Name())))
	}
	if err := fsys.SyncDir(dir); err != nil {
		return totals, fmt.Errorf("snapshot: written, but not known to last: %w", err)
	}
	return totals, nil
}

// write writes and flushes a whole snapshot.
func write(f File, now time.Time, fill func(w *Writer) error) (Totals, error) {
	w, err := NewWriter(f, now, true)
	if err != nil {
		return Totals{}, err
	}
	if err := fill(w); err != nil {
		return w.totals, err
	}
	totals, err := w.Close()
	if err == nil {
		err = f.Sync()
	}
	return totals, err
}

// Load reads the file of that name and calls take for the records of each
// block, which are valid during the call. An error of take ends it and is
// returned. Other errors are fs.ErrNotExist and those of reading, and ErrDamaged
// and ErrNewer: then the records that take saw are not to be used.
func Load(fsys FS, name string, take func(records []cache.Record) error) (Totals, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return Totals{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	src := bufio.NewReaderSize(f, blockSize)
	r, err := NewReader(src)
	if err != nil {
		return Totals{}, err
	}
	defer r.Close()
	if err := each(r.Next, take); err != nil {
		return r.Totals(), err
	}
	if _, err := src.ReadByte(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = damaged(errors.New("it goes on behind its end"))
		}
		return r.Totals(), err
	}
	return r.Totals(), nil
}

// LoadDamaged is Load for a damaged file: take sees the records of the blocks
// that are whole. lost is how many pieces of the file were skipped.
func LoadDamaged(fsys FS, name string, take func(records []cache.Record) error) (t Totals, lost int64, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return Totals{}, 0, err
	}
	defer func() { _ = f.Close() }() // it was only read
	s, err := NewSalvage(f)
	if err != nil {
		return Totals{}, 0, err
	}
	defer s.Close()
	err = each(s.Next, take)
	return s.Totals(), s.Lost(), err
}

// each calls take for what next returns until io.EOF.
func each(next func() ([]cache.Record, error), take func([]cache.Record) error) error {
	for {
		records, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = take(records)
		}
		if err != nil {
			return err
		}
	}
}

// RemoveStale removes the unfinished files that writers of that file left
// behind when they were killed, and returns how many there were.
func RemoveStale(fsys FS, name string) (n int, err error) {
	dir := filepath.Dir(name)
	entries, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	for _, e := range entries {
		if digits, ok := strings.CutPrefix(e.Name(), filepath.Base(name)+tempInfix); !ok || !isNumber(digits) || !e.Type().IsRegular() {
			continue
		}
		if e := fsys.Remove(filepath.Join(dir, e.Name())); e != nil {
			err = errors.Join(err, e)
		} else {
			n++
		}
	}
	return n, err
}

// isNumber reports whether s is as CreateTemp makes names different.
func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// SetAside gives a file that cannot be used another name, which it returns, so
// that the next snapshot does not replace it.
func SetAside(fsys FS, name string, now time.Time) (string, error) {
	aside := asideName(name, ".refused-", now)
	if err := fsys.Rename(name, aside); err != nil {
		return "", fmt.Errorf("snapshot: %w", err)
	}
	return aside, nil
}

// KeepAside gives a file that the next snapshot would replace with less another
// name, which it returns. Where there are hard links the file keeps its old
// name as well, so that there is one whatever becomes of the next snapshot. An
// error that is fs.ErrNotExist says that there is no file.
func KeepAside(fsys FS, name string, now time.Time) (string, error) {
	aside := asideName(name, ".left-", now)
	err := fsys.Link(name, aside)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
		err = fsys.Rename(name, aside)
	}
	if err == nil {
		err = fsys.SyncDir(filepath.Dir(name))
	}
	if err != nil {
		return "", fmt.Errorf("snapshot: %w", err)
	}
	return aside, nil
}

// asideName returns the name of a file that is kept since now, and why.
func asideName(name, why string, now time.Time) string {
	return name + why + now.UTC().Format("20060102-150405.000")
}
