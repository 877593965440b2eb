package cache

import (
	"strings"
	"testing"
	"time"
)

// TestWhatMovesTheAccessTime: every command that reads or changes an item
// itself, and none that is refused or only lists or counts.
func TestWhatMovesTheAccessTime(t *testing.T) {
	t.Parallel()
	key, prefix := []byte("x:key"), []byte("x:")
	all := func([]byte, Value) bool { return true }
	for _, cmd := range []struct {
		name  string
		fn    func(b *Batch) error
		moves bool
	}{
		{"nothing", func(*Batch) error { return nil }, false},
		{"Get", func(b *Batch) error { _, err := b.Get(key); return err }, true},
		{"Set", func(b *Batch) error { return b.Set(0, key, []byte("6")) }, true},
		{"Meta", func(b *Batch) error { _, err := b.Meta(key, []byte("size")); return err }, true},
		{"Meta of an unknown field", func(b *Batch) error { _, _ = b.Meta(key, []byte("x")); return nil }, false},
		{"TTL", func(b *Batch) error { return b.TTL(key, 1000, true) }, true},
		{"TTL of a short item", func(b *Batch) error { return b.TTL(key, -1, true) }, true},
		{"TTL x", func(b *Batch) error { _ = b.TTL(key, 0, false); return nil }, false},
		{"Lock", func(b *Batch) error { return b.Lock(key, 5, true) }, true},
		{"Lock 0", func(b *Batch) error { return b.Lock(key, 0, true) }, true},
		{"Lock x", func(b *Batch) error { _ = b.Lock(key, 0, false); return nil }, false},
		{"Unlock", func(b *Batch) error { return b.Unlock(key) }, true},
		{"Inc", func(b *Batch) error { _, err := b.Inc(key); return err }, true},
		{"MGet", func(b *Batch) error { b.Walk(prefix, 0, true, all); return nil }, true},
		{"MGet refused", func(b *Batch) error {
			b.Walk(prefix, 0, true, func(k []byte, _ Value) bool { return string(k) < "x:key" })
			return nil
		}, false},
		{"MGet up to the item before", func(b *Batch) error { b.Walk(prefix, 1, true, all); return nil }, false},
		{"Keys", func(b *Batch) error { b.Walk(prefix, 0, false, all); return nil }, false},
		{"Count", func(b *Batch) error { b.Count(prefix); return nil }, false},
		{"Stats", func(b *Batch) error { b.Stats(); return nil }, false},
		{"MSet", func(b *Batch) error { _, err := b.MSet(prefix, []byte("7")); return err }, true},
		{"MTTL", func(b *Batch) error { _, err := b.MTTL(prefix, 5000); return err }, true},
		{"MTTL 0", func(b *Batch) error { _, err := b.MTTL(prefix, 0); return err }, true},
		{"MInc", func(b *Batch) error { _, err := b.MInc(prefix); return err }, true},
		{"MLock", func(b *Batch) error { _, err := b.MLock(prefix, 5); return err }, true},
		{"MLock 0", func(b *Batch) error { _, err := b.MLock(prefix, 0); return err }, true},
		{"MUnlock", func(b *Batch) error { _, err := b.MUnlock(prefix); return err }, true},
	} {
		c, clock := withClock(t, Options{})
		set(t, c, "x:a", "text", 0)
		set(t, c, "x:key", "5", 0)
		clock.advance(100 * time.Second)
		do(t, c, func(b *Batch) {
			if err := cmd.fn(b); err != nil {
				t.Errorf("%s: %v", cmd.name, err)
			}
		})
		clock.advance(100 * time.Second)
		moved := int64(testEpoch)
		if cmd.moves {
			moved += 100
		}
		if n, ok, err := c.MetaAccess("x:key"); n != moved || !ok || err != nil {
			t.Errorf("access after %s: %d, %v, %v, want %d", cmd.name, n-testEpoch, ok, err, moved-testEpoch)
		}
		// The question was an access itself, though it answered before that.
		if n, _, _ := c.MetaAccess("x:key"); n != testEpoch+200 {
			t.Errorf("access after META: %d, want 200", n-testEpoch)
		}
	}
}

// TestRefusedCommandsDoNotMoveTheAccessTime: a lock, or a value that is no
// number.
func TestRefusedCommandsDoNotMoveTheAccessTime(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{})
	set(t, c, "text", "text", 0)
	set(t, c, "locked", "5", 0)
	if _, err := c.Lock("locked", Forever); err != nil {
		t.Fatal(err)
	}
	clock.advance(time.Minute)
	do(t, c, func(b *Batch) {
		for _, fn := range []func() error{
			func() error { _, err := b.Inc([]byte("text")); return err },
			func() error { _, err := b.MDec([]byte("t")); return err },
			func() error { _, err := b.Dec([]byte("locked")); return err },
			func() error { return b.Set(0, []byte("locked"), []byte("v")) },
			func() error { return b.TTL([]byte("locked"), 5, true) },
			func() error { return b.Lock([]byte("locked"), 5, true) },
			func() error { return b.Delete([]byte("locked")) },
			func() error { _, err := b.MSet([]byte("l"), []byte("v")); return err },
			func() error { _, err := b.MTTL([]byte("l"), 5); return err },
			func() error { _, err := b.MLock([]byte("l"), 5); return err },
			func() error { _, err := b.MInc([]byte("l")); return err },
		} {
			if fn() == nil {
				t.Error("a command that must be refused is not")
			}
		}
	})
	for _, key := range []string{"text", "locked"} {
		if n, _, err := c.MetaAccess(key); n != testEpoch || err != nil {
			t.Errorf("access of %s moved by %d, %v", key, n-testEpoch, err)
		}
	}
}

// TestReadersMoveTheAccessTime: the methods that do not lock for writing, too.
func TestReadersMoveTheAccessTime(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{})
	set(t, c, "key", "v", 0)
	for i, fn := range []func() error{
		func() error { _, _, err := c.Get("key"); return err },
		func() error { _, _, err := c.GetInto(nil, "key"); return err },
		func() error { _, _, err := c.Value("key"); return err },
		func() error { _, err := c.MGet("key", 0); return err },
	} {
		clock.advance(time.Hour)
		if err := fn(); err != nil {
			t.Fatal(err)
		}
		now := clock.Wall().Unix()
		clock.advance(time.Hour)
		if n, _, err := c.MetaAccess("key"); n != now || err != nil {
			t.Errorf("reader %d: access is %d, %v, want %d", i, n, err, now)
		}
	}
}

func TestWhatMovesTheCreatedTime(t *testing.T) {
	t.Parallel()
	for _, cmd := range []struct {
		name  string
		fn    func(c *Cache) error
		moves bool
	}{
		{"Set", func(c *Cache) error { return c.Set("key", []byte("6"), 0) }, true},
		{"Set of another size", func(c *Cache) error { return c.Set("key", []byte("666"), 0) }, true},
		{"MSet", func(c *Cache) error { _, err := c.MSet("k", []byte("6")); return err }, true},
		{"Inc", func(c *Cache) error { _, err := c.Inc("key"); return err }, false},
		{"MInc", func(c *Cache) error { _, err := c.MInc("key"); return err }, false},
		{"TTL", func(c *Cache) error { _, err := c.TTL("key", time.Hour); return err }, false},
		{"MTTL", func(c *Cache) error { _, err := c.MTTL("key", time.Hour); return err }, false},
		{"Lock", func(c *Cache) error { _, err := c.Lock("key", time.Hour); return err }, false},
		{"Unlock", func(c *Cache) error { _, err := c.Unlock("key"); return err }, false},
		{"Get", func(c *Cache) error { _, _, err := c.Get("key"); return err }, false},
	} {
		c, clock := withClock(t, Options{})
		set(t, c, "key", "5", 0)
		clock.advance(time.Minute)
		if err := cmd.fn(c); err != nil {
			t.Fatal(err)
		}
		created := int64(testEpoch)
		if cmd.moves {
			created += 60
		}
		if n, _, err := c.MetaCreated("key"); n != created || err != nil {
			t.Errorf("created after %s: %d, %v, want %d", cmd.name, n-testEpoch, err, created-testEpoch)
		}
	}
}

// TestMetaFields: names are exact.
func TestMetaFields(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{})
	set(t, c, "key", "value", 100*time.Second)
	do(t, c, func(b *Batch) {
		for field, want := range map[string]int64{
			"size": 5, "encoding": 0, "access": testEpoch, "created": testEpoch, "ttl": 100, "left": 100, "lock": 0,
		} {
			if n, err := b.Meta([]byte("key"), []byte(field)); n != want || err != nil {
				t.Errorf("Meta %s = %d, %v, want %d", field, n, err, want)
			}
			for _, bad := range []string{field[:1], field[:len(field)-1], field + "X", strings.ToUpper(field), ""} {
				if _, err := b.Meta([]byte("key"), []byte(bad)); err != ErrServer {
					t.Errorf("Meta %q: %v, want %v", bad, err, ErrServer)
				}
			}
		}
	})
}
