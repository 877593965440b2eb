package snapshot_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/snapshot"
)

func TestRoundTrip(t *testing.T) {
	many := samples(30000)
	many = append(many, long("l:300K", 300<<10), long("l:5M", 5<<20), long("m", 16))
	for name, records := range map[string][]cache.Record{"none": nil, "kinds": samples(0), "many": many} {
		for _, compress := range []bool{true, false} {
			data := encode(t, records, compress)
			// In pieces, and with something behind it that is not to be read.
			src := strings.NewReader(string(data) + "next")
			got, err := decode(iotest.HalfReader(src))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			same(t, got, records)
			if rest, _ := io.ReadAll(src); string(rest) != "next" {
				t.Errorf("%s: %d bytes behind the end are left, want 4", name, len(rest))
			}
		}
	}
	if plain, zip := encode(t, many[:30000], false), encode(t, many[:30000], true); len(zip) > len(plain)*3/4 {
		t.Errorf("%d bytes become %d", len(plain), len(zip))
	}
}

func TestWritten(t *testing.T) {
	r, err := snapshot.NewReader(bytes.NewReader(encode(t, nil, true)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if !r.Totals().Written.Equal(written()) {
		t.Errorf("written %v, want %v", r.Totals().Written, written())
	}
}

// TestEveryByteCounts flips bytes of a small file, each by itself.
func TestEveryByteCounts(t *testing.T) {
	for _, compress := range []bool{true, false} {
		data := encode(t, samples(20), compress)
		for i := range data {
			for _, flip := range []byte{1, 0x80, 0xff} {
				bad := bytes.Clone(data)
				bad[i] ^= flip
				if _, err := decode(bytes.NewReader(bad)); !errors.Is(err, snapshot.ErrDamaged) {
					t.Fatalf("byte %d of %d flipped by %#x: %v, want ErrDamaged", i, len(data), flip, err)
				}
			}
		}
	}
}

// TestEveryPrefix cuts a file off everywhere.
func TestEveryPrefix(t *testing.T) {
	data := encode(t, samples(20), true)
	for n := range data {
		if _, err := decode(bytes.NewReader(data[:n])); !errors.Is(err, snapshot.ErrDamaged) {
			t.Fatalf("the first %d bytes of %d: %v, want ErrDamaged", n, len(data), err)
		}
	}
}

// TestBlocksMoved takes whole blocks out, and changes their order.
func TestBlocksMoved(t *testing.T) {
	data := encode(t, samples(40000), true)
	blocks := split(data)
	if len(blocks) < 5 {
		t.Fatalf("%d blocks", len(blocks))
	}
	other := split(encode(t, samples(40000), true))
	for name, order := range map[string][][]byte{
		"one missing":      {blocks[0], blocks[2], blocks[3], blocks[len(blocks)-1]},
		"one twice":        {blocks[0], blocks[1], blocks[1], blocks[2]},
		"exchanged":        {blocks[1], blocks[0]},
		"end too early":    {blocks[0], blocks[len(blocks)-1]},
		"of another file":  {blocks[0], other[1]},
		"end of an empty":  {split(encode(t, nil, true))[0]},
		"only the last is": {blocks[len(blocks)-1]},
	} {
		bad := bytes.Join(append([][]byte{data[:32]}, order...), nil)
		if _, err := decode(bytes.NewReader(bad)); !errors.Is(err, snapshot.ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
	}
}

// split returns the blocks of a file.
func split(data []byte) (blocks [][]byte) {
	for data = data[32:]; len(data) > 0; {
		n := 32 + binary.LittleEndian.Uint32(data[16:])
		blocks = append(blocks, data[:n])
		data = data[n:]
	}
	return blocks
}

// forge gives a block that was changed the checksums that it should have.
func forge(data []byte, salt uint32) {
	table := crc32.MakeTable(crc32.Castagnoli)
	binary.LittleEndian.PutUint32(data[24:], crc32.Update(salt, table, data[32:]))
	binary.LittleEndian.PutUint32(data[28:], crc32.Update(salt, table, data[:28]))
}

func saltOf(data []byte) uint32 { return binary.LittleEndian.Uint32(data[24:]) }

// forgeHeader gives a file's header the checksum that it should have.
func forgeHeader(data []byte) {
	binary.LittleEndian.PutUint32(data[28:], crc32.Checksum(data[:28], crc32.MakeTable(crc32.Castagnoli)))
}

// TestForged is about files whose checksums are right and that make no sense.
func TestForged(t *testing.T) {
	for name, change := range map[string]func(header, block []byte){
		"version 0":         func(h, _ []byte) { h[8] = 0 },
		"header's zero":     func(h, _ []byte) { h[12] = 1 },
		"kind":              func(_, b []byte) { b[4] = 'X' },
		"codec":             func(_, b []byte) { b[5] = 2 },
		"not a zstd frame":  func(_, b []byte) { b[5] = 1; b[20] += 1 },
		"block's zero":      func(_, b []byte) { b[7] = 1 },
		"items":             func(_, b []byte) { b[12]++ },
		"raw":               func(_, b []byte) { b[20]++ },
		"stored and raw":    func(_, b []byte) { b[19], b[23] = 0x7f, 0x7f },
		"stored 1 GiB":      func(_, b []byte) { b[19], b[23], b[12] = 0x40, 0x40, 1 },
		"bits":              func(_, b []byte) { b[32] = 0x10 },
		"form":              func(_, b []byte) { b[32] = 3 },
		"a life of nothing": func(_, b []byte) { b[32] = 4 },
		"key's length":      func(_, b []byte) { b[42] = 0x7f },
		"key's huge length": func(_, b []byte) { copy(b[42:], "\xff\xff\xff\xff\xff\xff\xff\xff\x7f") },
		"endless varint":    func(_, b []byte) { copy(b[42:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff") },
		"no key":            func(_, b []byte) { b[42] = 0 },
		"order":             func(_, b []byte) { b[43] = 'z' },
	} {
		data := encode(t, samples(20), false)
		block := data[32 : 32+32+binary.LittleEndian.Uint32(data[32+16:])]
		change(data, block)
		forgeHeader(data)
		forge(block, saltOf(data))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decode(bytes.NewReader(data))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, snapshot.ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, n, len(data))
		}
	}
}

func TestNewer(t *testing.T) {
	data := encode(t, samples(3), true)
	data[8] = 2
	if _, err := decode(bytes.NewReader(data)); !errors.Is(err, snapshot.ErrDamaged) {
		t.Errorf("version 2 by accident: %v, want ErrDamaged", err)
	}
	forgeHeader(data)
	_, err := decode(bytes.NewReader(data))
	if !errors.Is(err, snapshot.ErrNewer) || errors.Is(err, snapshot.ErrDamaged) || !strings.Contains(err.Error(), "version 2, want at most 1") {
		t.Errorf("version 2: %v, want ErrNewer", err)
	}
}

// TestReadErrors: what the system reports is not damage of the file.
func TestReadErrors(t *testing.T) {
	data := encode(t, samples(20), true)
	for n := range data {
		broken := errors.New("broken disk")
		_, err := decode(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || errors.Is(err, snapshot.ErrDamaged) {
			t.Fatalf("after %d bytes: %v, want the error of reading", n, err)
		}
	}
}

// FuzzReader looks for input that makes the reader or a cache fail otherwise
// than by an error. Checksums are made right, so that the fuzzer gets past them.
func FuzzReader(f *testing.F) {
	f.Add(encode(f, samples(3), true))
	f.Add(encode(f, samples(3), false))
	f.Add(encode(f, nil, true))
	f.Add([]byte("\x8aGibson\n"))
	c, err := cache.New(&cache.Options{MaxMemory: 8 << 20})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = c.Close() })
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = decode(bytes.NewReader(data))
		if len(data) >= 32 {
			forgeHeader(data)
			for rest := data[32:]; len(rest) >= 32; {
				n := min(32+uint64(binary.LittleEndian.Uint32(rest[16:])), uint64(len(rest)))
				forge(rest[:n], saltOf(data))
				rest = rest[n:]
			}
		}
		records, _ := decode(bytes.NewReader(data))
		if _, err := c.Import(records); err != nil && !errors.Is(err, cache.ErrMemoryLimit) {
			t.Error(err)
		}
		b, err := c.Begin()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			_, _ = b.Get(r.Key)
			_ = b.Unlock(r.Key)
			_ = b.Delete(r.Key)
		}
		b.End()
		s, err := snapshot.NewSalvage(bytes.NewReader(data))
		if err != nil {
			return
		}
		defer s.Close()
		if got, err := collect(s.Next); err != nil || len(got) < len(records) {
			t.Errorf("%v, %d records by salvage, %d without", err, len(got), len(records))
		}
	})
}
