// Package trace reads recorded request sequences, with which policies of
// eviction are compared.
package trace

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ulikunitz/xz"

	"github.com/gogibson/gibson/bench/internal/workload"
)

// Trace is a sequence of requested keys.
type Trace struct {
	Name       string
	Keys       []uint64
	Capacities []int // items, at which policies are compared
}

// Distinct returns the number of different keys.
func (t Trace) Distinct() int {
	seen := make(map[uint64]struct{}, len(t.Keys)/4)
	for _, k := range t.Keys {
		seen[k] = struct{}{}
	}
	return len(seen)
}

// recorded are the traces of the cache directory; their README says where
// they come from.
func recorded() []struct {
	file       string
	parse      func(io.Reader) ([]uint64, error)
	capacities []int
} {
	return []struct {
		file       string
		parse      func(io.Reader) ([]uint64, error)
		capacities []int
	}{
		{"oltp.gz", ARC, []int{1000, 2000}},
		{"gli.gz", LIRS, []int{1000, 2500}},
		{"loop.gz", LIRS, []int{250, 500}},
		{"scarab-recs.trace.xz", Scarab, []int{25_000, 100_000}},
	}
}

// Load reads the traces in dir, and makes one from a Zipf distribution.
// missing names the files that are not there.
func Load(dir string) (traces []Trace, missing []string, err error) {
	for _, r := range recorded() {
		t, err := load(filepath.Join(dir, r.file), r.parse)
		if errors.Is(err, os.ErrNotExist) {
			missing = append(missing, r.file)
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		t.Capacities = r.capacities
		traces = append(traces, t)
	}
	return append(traces, Zipf(1_000_000, 100_000, 0.99)), missing, nil
}

// Zipf returns requests drawn from that many items with that skew.
func Zipf(requests int, items uint32, skew float64) Trace {
	t := Trace{Name: fmt.Sprintf("Zipf %v of %d", skew, items), Capacities: []int{1000, 10_000}}
	z := workload.NewZipf(items, skew, 1)
	for range requests {
		t.Keys = append(t.Keys, uint64(z.Next()))
	}
	return t
}

func load(path string, parse func(io.Reader) ([]uint64, error)) (_ Trace, err error) {
	f, err := os.Open(path)
	if err != nil {
		return Trace{}, fmt.Errorf("trace: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	var r io.Reader
	switch filepath.Ext(path) {
	case ".gz":
		r, err = gzip.NewReader(f)
	case ".xz":
		r, err = xz.NewReader(bufio.NewReader(f))
	default:
		r = f
	}
	if err != nil {
		return Trace{}, fmt.Errorf("trace %s: %w", name, err)
	}
	keys, err := parse(r)
	if err != nil {
		return Trace{}, fmt.Errorf("trace %s: %w", name, err)
	}
	return Trace{Name: name, Keys: keys}, nil
}

// ARC parses lines "start count …": count numbers from start on.
func ARC(r io.Reader) ([]uint64, error) {
	var keys []uint64
	err := lines(r, func(line string) error {
		var start uint64
		var count int
		if _, err := fmt.Sscanf(line, "%d %d", &start, &count); err != nil || count < 0 {
			return fmt.Errorf("want a start and a count, got %q", line)
		}
		for i := range count {
			keys = append(keys, start+uint64(i))
		}
		return nil
	})
	return keys, err
}

// LIRS parses one number a line.
func LIRS(r io.Reader) ([]uint64, error) {
	var keys []uint64
	err := lines(r, func(line string) error {
		var key uint64
		if _, err := fmt.Sscanf(line, "%d", &key); err != nil {
			return fmt.Errorf("want a number, got %q", line)
		}
		keys = append(keys, key)
		return nil
	})
	return keys, err
}

// Scarab parses big-endian numbers of eight bytes.
func Scarab(r io.Reader) ([]uint64, error) {
	var keys []uint64
	br := bufio.NewReader(r)
	for {
		var b [8]byte
		switch _, err := io.ReadFull(br, b[:]); {
		case errors.Is(err, io.EOF):
			return keys, nil
		case err != nil:
			return nil, err
		}
		keys = append(keys, binary.BigEndian.Uint64(b[:]))
	}
}

// lines calls do for each line that is not blank.
func lines(r io.Reader, do func(line string) error) error {
	s := bufio.NewScanner(r)
	for s.Scan() {
		if line := strings.TrimSpace(s.Text()); line != "" {
			if err := do(line); err != nil {
				return err
			}
		}
	}
	return s.Err()
}
