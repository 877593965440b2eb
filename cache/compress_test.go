package cache

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestCompression: only above the threshold, only if it helps, and seen in
// META and STATS only.
func TestCompression(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 6000)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(noise); i++ {
		noise[i] = byte(r.Uint32())
	}
	for _, test := range []struct {
		name      string
		threshold int
		val       []byte
		encoding  int64
	}{
		{"at the threshold", 0, bytes.Repeat([]byte("a"), 4096), 0},
		{"above the threshold", 0, bytes.Repeat([]byte("a"), 4097), 1},
		{"noise", 0, noise, 0},
		{"off", -1, bytes.Repeat([]byte("a"), 100000), 0},
		{"small threshold", 1, bytes.Repeat([]byte("a"), 50), 1},
		{"too short to help", 1, []byte("ab"), 0},
	} {
		c, _ := withClock(t, Options{Compression: test.threshold})
		for _, ttl := range []time.Duration{0, time.Hour} {
			set(t, c, "key", string(test.val), ttl)
			want(t, c, "key", string(test.val))
			if n, _, err := c.MetaEncoding("key"); n != test.encoding || err != nil {
				t.Errorf("%s: encoding %d, %v, want %d", test.name, n, err, test.encoding)
			}
			size, _, err := c.MetaSize("key")
			if (size < int64(len(test.val))) != (test.encoding == 1) || err != nil {
				t.Errorf("%s: %d bytes take %d, %v", test.name, len(test.val), size, err)
			}
			v, _, err := c.Value("key")
			if !bytes.Equal(v.Bytes(), test.val) || err != nil {
				t.Errorf("%s: Value has %d bytes, %v", test.name, len(v.Bytes()), err)
			}
			s, err := c.Stats()
			if s.CompressedItems != test.encoding || err != nil {
				t.Errorf("%s: %d compressed items, want %d", test.name, s.CompressedItems, test.encoding)
			}
			rate := int64(0)
			if test.encoding == 1 {
				rate = 100 * (int64(len(test.val)) - size) / int64(len(test.val))
			}
			if s.CompressionRateAvg != rate {
				t.Errorf("%s: compression saves %d %%, want %d", test.name, s.CompressionRateAvg, rate)
			}
		}
		if _, err := c.Delete("key"); err != nil {
			t.Fatal(err)
		}
		if s, err := c.Stats(); s.CompressedItems != 0 || s.CompressionRateAvg != 0 || err != nil {
			t.Errorf("%s: after Delete %d compressed items, %d %%", test.name, s.CompressedItems, s.CompressionRateAvg)
		}
	}
}

// TestGetIntoAppends: what was in dst stays, compressed or not.
func TestGetIntoAppends(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{Compression: 10})
	long := strings.Repeat("long ", 100)
	set(t, c, "long", long, 0)
	set(t, c, "short", "short", 0)
	if _, err := c.Dec("number"); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"long": long, "short": "short", "number": "-1", "none": ""} {
		for _, room := range []int{0, 3, 100, 10000} {
			dst := append(make([]byte, 0, 3+room), "pre"...)
			got, ok, err := c.GetInto(dst, key)
			if string(got) != "pre"+want || ok != (want != "") || err != nil {
				t.Errorf("GetInto(%q) with room for %d: %.20q, %v, %v", key, room, got, ok, err)
			}
		}
	}
}

// TestBrokenValuesAreErrors: should memory ever go bad, reading it must not
// take the program down.
func TestBrokenValuesAreErrors(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{Compression: 10})
	set(t, c, "ke", "before", 0)
	set(t, c, "key", strings.Repeat("long ", 100), 0)
	set(t, c, "key\tbehind", "behind", 0)
	broken := 0
	for i := range 20 {
		before := broken
		do(t, c, func(b *Batch) {
			it := item(c.tree.Find([]byte("key")))
			for j := range it.value() {
				it.value()[j] = byte(i * 13 * (j + 1))
			}
			_, err := b.Get([]byte("key"))
			if err == nil {
				return // these bytes happen to decompress
			}
			broken++
			if err != ErrServer {
				t.Errorf("Batch.Get: %v, want %v", err, ErrServer)
			}
			if _, err := b.Inc([]byte("key")); err != ErrNotANumber {
				t.Errorf("Batch.Inc: %v, want %v", err, ErrNotANumber)
			}
			if n := b.Walk([]byte("ke"), 0, true, func(key []byte, _ Value) bool {
				return string(key) == "key\tbehind" || string(key) == "ke"
			}); n != 2 {
				t.Errorf("Batch.Walk shows %d items, want those beside the broken one", n)
			}
			if n, err := b.Meta([]byte("key"), []byte("encoding")); n != 1 || err != nil {
				t.Errorf("Batch.Meta = %d, %v", n, err)
			}
		})
		if broken == before {
			continue
		}
		if _, ok, err := c.Get("key"); ok || err == nil {
			t.Errorf("Get = %v, %v, want an error", ok, err)
		}
		if _, ok, err := c.Value("key"); ok || err == nil {
			t.Errorf("Value = %v, %v, want an error", ok, err)
		}
	}
	if broken < 10 {
		t.Errorf("only %d of 20 values were broken", broken)
	}
	// What the item counted for can no longer be told.
	c.mu.Lock()
	it := item(c.tree.Find([]byte("key")))
	it.encode(&header{encoding: plain})
	c.figures.packed, c.figures.packedBytes, c.figures.openedBytes = 0, 0, 0
	c.mu.Unlock()
}
