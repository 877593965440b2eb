package cache

import (
	"fmt"
	"testing"
	"time"
)

// gone are all commands, each with what it must answer when the item
// x:key is not there.
var gone = []struct {
	name string
	fn   func(b *Batch, key, prefix []byte) (int64, error)
	n    int64
	err  error
}{
	{"Get", func(b *Batch, key, _ []byte) (int64, error) { _, err := b.Get(key); return 0, err }, 0, ErrNotFound},
	{"Delete", func(b *Batch, key, _ []byte) (int64, error) { return 0, b.Delete(key) }, 0, ErrNotFound},
	{"TTL", func(b *Batch, key, _ []byte) (int64, error) { return 0, b.TTL(key, 5, true) }, 0, ErrNotFound},
	{"TTL x", func(b *Batch, key, _ []byte) (int64, error) { return 0, b.TTL(key, 0, false) }, 0, ErrNotFound},
	{"Lock", func(b *Batch, key, _ []byte) (int64, error) { return 0, b.Lock(key, 5, true) }, 0, ErrNotFound},
	{"Lock x", func(b *Batch, key, _ []byte) (int64, error) { return 0, b.Lock(key, 0, false) }, 0, ErrNotFound},
	{"Unlock", func(b *Batch, key, _ []byte) (int64, error) { return 0, b.Unlock(key) }, 0, ErrNotFound},
	{"Meta", func(b *Batch, key, _ []byte) (int64, error) { return b.Meta(key, []byte("size")) }, 0, ErrNotFound},
	{"Meta x", func(b *Batch, key, _ []byte) (int64, error) { return b.Meta(key, []byte("x")) }, 0, ErrNotFound},
	{"Count", func(b *Batch, _, prefix []byte) (int64, error) { return b.Count(prefix), nil }, 0, nil},
	{"Stats", func(b *Batch, _, _ []byte) (int64, error) { return b.Stats().Items, nil }, 0, nil},
	{"Keys", func(b *Batch, _, prefix []byte) (int64, error) {
		return b.Walk(prefix, 0, false, func([]byte, Value) bool { return true }), nil
	}, 0, nil},
	{"MGet", func(b *Batch, _, prefix []byte) (int64, error) {
		return b.Walk(prefix, 0, true, func([]byte, Value) bool { return true }), nil
	}, 0, nil},
	{"MSet", func(b *Batch, _, prefix []byte) (int64, error) { return b.MSet(prefix, []byte("v")) }, 0, ErrNotFound},
	{"MTTL", func(b *Batch, _, prefix []byte) (int64, error) { return b.MTTL(prefix, 5) }, 0, ErrNotFound},
	{"MDelete", func(b *Batch, _, prefix []byte) (int64, error) { return b.MDelete(prefix) }, 0, ErrNotFound},
	{"MInc", func(b *Batch, _, prefix []byte) (int64, error) { return b.MInc(prefix) }, 0, ErrNotFound},
	{"MDec", func(b *Batch, _, prefix []byte) (int64, error) { return b.MDec(prefix) }, 0, ErrNotFound},
	{"MLock", func(b *Batch, _, prefix []byte) (int64, error) { return b.MLock(prefix, 5) }, 0, ErrNotFound},
	{"MUnlock", func(b *Batch, _, prefix []byte) (int64, error) { return b.MUnlock(prefix) }, 0, ErrNotFound},
	{"Set", func(b *Batch, key, _ []byte) (int64, error) { return 0, b.Set(0, key, []byte("v")) }, 0, nil},
	{"Inc", func(b *Batch, key, _ []byte) (int64, error) { return b.Inc(key) }, 1, nil},
	{"Dec", func(b *Batch, key, _ []byte) (int64, error) { return b.Dec(key) }, -1, nil},
}

// TestExpiryToTheMillisecond: a millisecond before its deadline an item is
// there for every command, at its deadline for none, even if it is locked. The
// clock stands at the same moment for both by the order of the commands alone.
func TestExpiryToTheMillisecond(t *testing.T) {
	t.Parallel()
	for _, start := range []time.Duration{0, 63999999 * time.Microsecond, 400 * 24 * time.Hour} {
		for _, ttl := range []time.Duration{time.Second, 30 * 24 * time.Hour} {
			for _, cmd := range gone {
				name := fmt.Sprintf("%s, ttl %v from %v", cmd.name, ttl, start)
				c, clock := withClock(t, Options{})
				clock.advance(start)
				set(t, c, "x:key", "41", ttl)
				if ok, err := c.Lock("x:key", Forever); !ok || err != nil {
					t.Fatal(err)
				}
				// What is due with it is more than a batch removes in passing.
				for i := range 2 * beginWork {
					set(t, c, fmt.Sprintf("y:%d", i), "v", ttl)
				}
				// Up to the last nanosecond of the last millisecond.
				clock.advance(ttl - start%time.Millisecond - 1)
				want(t, c, "x:key", "41")
				if n, err := c.Count("x:"); n != 1 || err != nil {
					t.Fatalf("%s: a millisecond early Count = %d, %v", name, n, err)
				}
				clock.advance(1)
				do(t, c, func(b *Batch) {
					n, err := cmd.fn(b, []byte("x:key"), []byte("x:"))
					if n != cmd.n || err != cmd.err {
						t.Errorf("%s: at the deadline: %d, %v, want %d, %v", name, n, err, cmd.n, cmd.err)
					}
				})
				if err := c.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestReadersSeeNothingThatIsOver: the methods that do not lock for writing
// tell the time as exactly.
func TestReadersSeeNothingThatIsOver(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{})
	set(t, c, "key", "v", time.Second)
	clock.advance(time.Second)
	want(t, c, "key", "")
	if _, ok, err := c.Value("key"); ok || err != nil {
		t.Errorf("Value = %v, %v", ok, err)
	}
	if n, err := c.Count("k"); n != 0 || err != nil {
		t.Errorf("Count = %d, %v", n, err)
	}
	keys, err := c.Keys("k")
	if err != nil {
		t.Fatal(err)
	}
	for key := range keys {
		t.Errorf("Keys shows %q", key)
	}
}

func TestWhatRestartsALife(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		fn   func(c *Cache) error
		ttl  int64 // afterwards
		left int64
	}{
		{"nothing", func(*Cache) error { return nil }, 10, 6},
		{"Set", func(c *Cache) error { return c.Set("key", []byte("1"), 20*time.Second) }, 20, 20},
		{"Set for ever", func(c *Cache) error { return c.Set("key", []byte("1"), 0) }, -1, -1},
		{"Set of another size", func(c *Cache) error { return c.Set("key", []byte("123"), 20*time.Second) }, 20, 20},
		{"TTL", func(c *Cache) error { _, err := c.TTL("key", 20*time.Second); return err }, 20, 20},
		{"TTL 0", func(c *Cache) error { _, err := c.TTL("key", 0); return err }, -1, -1},
		{"TTL Forever", func(c *Cache) error { _, err := c.TTL("key", Forever); return err }, -1, -1},
		{"MTTL", func(c *Cache) error { _, err := c.MTTL("key", 20*time.Second); return err }, 20, 20},
		{"MTTL 0", func(c *Cache) error { _, err := c.MTTL("key", 0); return err }, -1, -1},
		{"MSet", func(c *Cache) error { _, err := c.MSet("key", []byte("1")); return err }, -1, -1},
		{"MSet of another size", func(c *Cache) error { _, err := c.MSet("key", []byte("123")); return err }, -1, -1},
		{"Inc", func(c *Cache) error { _, err := c.Inc("key"); return err }, 10, 6},
		{"MDec", func(c *Cache) error { _, err := c.MDec("key"); return err }, 10, 6},
		{"Lock", func(c *Cache) error { _, err := c.Lock("key", time.Hour); return err }, 10, 6},
		{"Get", func(c *Cache) error { _, _, err := c.Get("key"); return err }, 10, 6},
	} {
		c, clock := withClock(t, Options{})
		set(t, c, "key", "1", 10*time.Second)
		clock.advance(4999 * time.Millisecond)
		if err := test.fn(c); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		ttl, _, err1 := c.MetaTTL("key")
		left, _, err2 := c.MetaLeft("key")
		if ttl != test.ttl || left != test.left || err1 != nil || err2 != nil {
			t.Errorf("%s: ttl %d, left %d, want %d, %d", test.name, ttl, left, test.ttl, test.left)
		}
		// The old deadline must have gone with the old life.
		clock.advance(6 * time.Second)
		if _, ok, _ := c.Get("key"); ok != (test.ttl != 10) {
			t.Errorf("%s: after the first life's end the item is there: %v", test.name, ok)
		}
		clock.advance(15 * time.Second)
		if _, ok, _ := c.Get("key"); ok != (test.ttl == -1) {
			t.Errorf("%s: after the second life's end the item is there: %v", test.name, ok)
		}
	}
}

func TestMetaLeftCountsWholeSeconds(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{})
	clock.advance(123 * time.Millisecond)
	set(t, c, "key", "v", 3*time.Second)
	for _, step := range []struct {
		pause time.Duration
		left  int64
	}{{0, 3}, {999, 3}, {1, 2}, {999, 2}, {1, 1}, {999, 1}} {
		clock.advance(step.pause * time.Millisecond)
		if left, ok, err := c.MetaLeft("key"); left != step.left || !ok || err != nil {
			t.Errorf("at %v: left %d, %v, %v, want %d", clock.Now(), left, ok, err, step.left)
		}
	}
}

func TestLongLivesAreCut(t *testing.T) {
	t.Parallel()
	c, clock := withClock(t, Options{MaxItemTTL: 100 * time.Second})
	set(t, c, "set", "v", time.Hour)
	set(t, c, "ttl", "v", 0)
	set(t, c, "mttl", "v", 0)
	if _, err := c.TTL("ttl", time.Hour); err != nil {
		t.Fatal(err)
	}
	do(t, c, func(b *Batch) {
		if _, err := b.MTTL([]byte("mttl"), 1<<63-1); err != nil {
			t.Fatal(err)
		}
	})
	for _, key := range []string{"set", "ttl", "mttl"} {
		if n, ok, err := c.MetaTTL(key); n != 100 || !ok || err != nil {
			t.Errorf("%s: ttl %d, %v, %v, want 100", key, n, ok, err)
		}
	}
	clock.advance(100 * time.Second)
	if s, err := c.Stats(); s.Items != 0 || err != nil {
		t.Errorf("%d items outlive the maximum, %v", s.Items, err)
	}
}
