package cache_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
)

// call is a method of Cache with its results dropped but for the error.
type call struct {
	name string
	fn   func(c *cache.Cache, key string) error
}

// keyed returns every method that takes a key or a prefix.
func keyed() []call {
	const second = time.Second
	return []call{
		{"Set", func(c *cache.Cache, k string) error { return c.Set(k, []byte("v"), 0) }},
		{"Get", func(c *cache.Cache, k string) error { _, _, err := c.Get(k); return err }},
		{"GetInto", func(c *cache.Cache, k string) error { _, _, err := c.GetInto(nil, k); return err }},
		{"Value", func(c *cache.Cache, k string) error { _, _, err := c.Value(k); return err }},
		{"Delete", func(c *cache.Cache, k string) error { _, err := c.Delete(k); return err }},
		{"TTL", func(c *cache.Cache, k string) error { _, err := c.TTL(k, second); return err }},
		{"Inc", func(c *cache.Cache, k string) error { _, err := c.Inc(k); return err }},
		{"Dec", func(c *cache.Cache, k string) error { _, err := c.Dec(k); return err }},
		{"Lock", func(c *cache.Cache, k string) error { _, err := c.Lock(k, second); return err }},
		{"Unlock", func(c *cache.Cache, k string) error { _, err := c.Unlock(k); return err }},
		{"MSet", func(c *cache.Cache, k string) error { _, err := c.MSet(k, []byte("v")); return err }},
		{"MTTL", func(c *cache.Cache, k string) error { _, err := c.MTTL(k, second); return err }},
		{"MDelete", func(c *cache.Cache, k string) error { _, err := c.MDelete(k); return err }},
		{"MInc", func(c *cache.Cache, k string) error { _, err := c.MInc(k); return err }},
		{"MDec", func(c *cache.Cache, k string) error { _, err := c.MDec(k); return err }},
		{"MLock", func(c *cache.Cache, k string) error { _, err := c.MLock(k, second); return err }},
		{"MUnlock", func(c *cache.Cache, k string) error { _, err := c.MUnlock(k); return err }},
		{"Count", func(c *cache.Cache, k string) error { _, err := c.Count(k); return err }},
		{"MGet", func(c *cache.Cache, k string) error { _, err := c.MGet(k, 0); return err }},
		{"Keys", func(c *cache.Cache, k string) error { _, err := c.Keys(k); return err }},
		{"MetaSize", func(c *cache.Cache, k string) error { _, _, err := c.MetaSize(k); return err }},
		{"MetaEncoding", func(c *cache.Cache, k string) error { _, _, err := c.MetaEncoding(k); return err }},
		{"MetaAccess", func(c *cache.Cache, k string) error { _, _, err := c.MetaAccess(k); return err }},
		{"MetaCreated", func(c *cache.Cache, k string) error { _, _, err := c.MetaCreated(k); return err }},
		{"MetaTTL", func(c *cache.Cache, k string) error { _, _, err := c.MetaTTL(k); return err }},
		{"MetaLeft", func(c *cache.Cache, k string) error { _, _, err := c.MetaLeft(k); return err }},
		{"MetaLock", func(c *cache.Cache, k string) error { _, _, err := c.MetaLock(k); return err }},
	}
}

// TestKeysTheWireCannotCarry: what no client could send, the embedded cache
// refuses as well.
func TestKeysTheWireCannotCarry(t *testing.T) {
	t.Parallel()
	c, err := cache.New(&cache.Options{MaxKeySize: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for key, want := range map[string]error{
		"":            cache.ErrInvalidKey,
		" ":           cache.ErrInvalidKey,
		"a b":         cache.ErrInvalidKey,
		" a":          cache.ErrInvalidKey,
		"a ":          cache.ErrInvalidKey,
		"12345678901": cache.ErrTooLarge,
		"1234567890":  nil,
		"\x00\xff\n":  nil,
	} {
		for _, call := range keyed() {
			if err := call.fn(c, key); !errors.Is(err, want) {
				t.Errorf("%s(%q): %v, want %v", call.name, key, err, want)
			}
			// No key may be left from one call to the next.
			if want == nil {
				if _, err := c.Unlock(key); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Delete(key); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if s, err := c.Stats(); err != nil || s.Items != 0 {
		t.Errorf("%d items were stored, %v", s.Items, err)
	}
}

func TestValuesTheWireCannotCarry(t *testing.T) {
	t.Parallel()
	c, err := cache.New(&cache.Options{MaxValueSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Set("key", []byte(strings.Repeat("x", 100)), 0); err != nil {
		t.Errorf("Set of the longest value: %v", err)
	}
	for _, bad := range []struct {
		val  []byte
		want error
	}{
		{nil, cache.ErrInvalidValue},
		{[]byte{}, cache.ErrInvalidValue},
		{make([]byte, 101), cache.ErrTooLarge},
	} {
		if err := c.Set("key", bad.val, 0); !errors.Is(err, bad.want) {
			t.Errorf("Set of %d bytes: %v, want %v", len(bad.val), err, bad.want)
		}
		if _, err := c.MSet("key", bad.val); !errors.Is(err, bad.want) {
			t.Errorf("MSet of %d bytes: %v, want %v", len(bad.val), err, bad.want)
		}
	}
	if v, ok, err := c.Get("key"); !ok || err != nil || len(v) != 100 {
		t.Errorf("a refused value changed the item: %d bytes, %v, %v", len(v), ok, err)
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	c, err := cache.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	timed := map[string]func(time.Duration) error{
		"Set":   func(d time.Duration) error { return c.Set("key", []byte("v"), d) },
		"TTL":   func(d time.Duration) error { _, err := c.TTL("key", d); return err },
		"MTTL":  func(d time.Duration) error { _, err := c.MTTL("key", d); return err },
		"Lock":  func(d time.Duration) error { _, err := c.Lock("other", d); return err },
		"MLock": func(d time.Duration) error { _, err := c.MLock("other", d); return err },
	}
	for name, fn := range timed {
		for _, d := range []time.Duration{-2, -time.Second, -1 << 63} {
			if err := fn(d); !errors.Is(err, cache.ErrInvalidTTL) {
				t.Errorf("%s(%d): %v, want %v", name, d, err, cache.ErrInvalidTTL)
			}
		}
		for _, d := range []time.Duration{cache.Forever, 0, 1, time.Second, 1<<63 - 1} {
			if err := fn(d); err != nil {
				t.Errorf("%s(%d): %v", name, d, err)
			}
		}
	}
	for d, want := range map[time.Duration]int64{
		cache.Forever: -1, 0: -1, 1: 1, time.Second: 1, time.Second + 1: 2, 1<<63 - 1: 2592000,
	} {
		for _, name := range []string{"Set", "TTL", "MTTL"} {
			if err := timed[name](d); err != nil {
				t.Fatal(err)
			}
			if got, _, _ := c.MetaTTL("key"); got != want {
				t.Errorf("%s(%d): the item lives %d s, want %d", name, d, got, want)
			}
		}
	}
}

// TestAfterClose: every method says ErrClosed, whatever its arguments.
func TestAfterClose(t *testing.T) {
	t.Parallel()
	c, err := cache.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	calls := keyed()
	for _, call := range calls {
		for _, key := range []string{"key", "", strings.Repeat("k", 5000)} {
			if err := call.fn(c, key); !errors.Is(err, cache.ErrClosed) {
				t.Errorf("%s(%.10q): %v, want %v", call.name, key, err, cache.ErrClosed)
			}
		}
	}
	if _, err := c.Stats(); !errors.Is(err, cache.ErrClosed) {
		t.Errorf("Stats: %v, want %v", err, cache.ErrClosed)
	}
	if _, err := c.Begin(); !errors.Is(err, cache.ErrClosed) {
		t.Errorf("Begin: %v, want %v", err, cache.ErrClosed)
	}
	if err := c.Set("key", nil, -5); !errors.Is(err, cache.ErrClosed) {
		t.Errorf("Set with bad arguments: %v, want %v", err, cache.ErrClosed)
	}
	if _, err := c.Lock("key", -5); !errors.Is(err, cache.ErrClosed) {
		t.Errorf("Lock with bad arguments: %v, want %v", err, cache.ErrClosed)
	}
}
