package trace

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

func TestParsers(t *testing.T) {
	arc, err := ARC(strings.NewReader("5 3 0 0\n9 1 0 1\n\n"))
	if want := []uint64{5, 6, 7, 9}; err != nil || !slices.Equal(arc, want) {
		t.Errorf("ARC = %v, %v, want %v", arc, err, want)
	}
	lirs, err := LIRS(strings.NewReader("7\n8\n7\n"))
	if want := []uint64{7, 8, 7}; err != nil || !slices.Equal(lirs, want) {
		t.Errorf("LIRS = %v, %v, want %v", lirs, err, want)
	}
	scarab, err := Scarab(strings.NewReader("\x00\x00\x00\x00\x00\x00\x01\x02"))
	if want := []uint64{0x102}; err != nil || !slices.Equal(scarab, want) {
		t.Errorf("Scarab = %v, %v, want %v", scarab, err, want)
	}
}

func TestParsersRefuseNoise(t *testing.T) {
	if keys, err := ARC(strings.NewReader("5\n")); err == nil {
		t.Errorf("ARC without a count = %v", keys)
	}
	if keys, err := LIRS(strings.NewReader("x\n")); err == nil {
		t.Errorf("LIRS of a letter = %v", keys)
	}
	if keys, err := Scarab(strings.NewReader("123")); err == nil {
		t.Errorf("Scarab cut short = %v", keys)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	var gz, x bytes.Buffer
	zw := gzip.NewWriter(&gz)
	_, _ = zw.Write([]byte("1\n2\n1\n"))
	_ = zw.Close()
	xw, err := xz.NewWriter(&x)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = xw.Write([]byte("\x00\x00\x00\x00\x00\x00\x00\x05"))
	_ = xw.Close()
	for name, b := range map[string][]byte{"gli.gz": gz.Bytes(), "scarab-recs.trace.xz": x.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	traces, missing, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"oltp.gz", "loop.gz"}; !slices.Equal(missing, want) {
		t.Errorf("missing %v, want %v", missing, want)
	}
	if len(traces) != 3 || traces[0].Name != "gli" || traces[0].Distinct() != 2 || traces[1].Name != "scarab-recs" || traces[1].Keys[0] != 5 {
		t.Errorf("traces %.200v, want gli, scarab-recs and Zipf", traces)
	}
	if z := traces[2]; len(z.Keys) != 1_000_000 || z.Distinct() > 100_000 {
		t.Errorf("Zipf: %d requests of %d items", len(z.Keys), z.Distinct())
	}
}
