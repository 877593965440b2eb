package cache

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testClock is a Clock that stands still until it is told to move.
type testClock struct {
	now  atomic.Int64
	wall atomic.Int64 // at now 0
}

// testEpoch is the unix time at which a testClock begins.
const testEpoch = 1_000_000_000

func newTestClock() *testClock {
	c := &testClock{}
	c.wall.Store(testEpoch * int64(time.Second))
	return c
}

func (c *testClock) Now() time.Duration      { return time.Duration(c.now.Load()) }
func (c *testClock) Wall() time.Time         { return time.Unix(0, c.wall.Load()+c.now.Load()) }
func (c *testClock) advance(d time.Duration) { c.now.Add(int64(d)) }

// open returns a cache that is closed at the end of the test, when all its
// invariants must hold.
func open(t testing.TB, opts Options) *Cache {
	t.Helper()
	c, err := New(&opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A test that failed or panicked inside a Batch left the cache locked.
		for n := 0; !c.mu.TryLock(); n++ {
			if n == 1<<26 { // many seconds, and no clock that a bubble has for itself
				t.Error("the cache stays locked: a Batch was not ended")
				return
			}
			runtime.Gosched()
		}
		if !c.closed {
			if err := c.check(); err != nil {
				t.Error(err)
			}
		}
		c.mu.Unlock()
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

// withClock returns a cache and the clock by which it lives.
func withClock(t testing.TB, opts Options) (*Cache, *testClock) {
	t.Helper()
	clock := newTestClock()
	opts.Clock = clock
	return open(t, opts), clock
}

// do runs one command in a batch of its own.
func do(t testing.TB, c *Cache, fn func(b *Batch)) {
	t.Helper()
	b, err := c.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer b.End()
	fn(b)
}

// set stores key, which must succeed.
func set(t testing.TB, c *Cache, key, val string, ttl time.Duration) {
	t.Helper()
	if err := c.Set(key, []byte(val), ttl); err != nil {
		t.Fatalf("Set(%q): %v", key, err)
	}
}

// want compares what key holds with val; "" means that it must be missing.
func want(t testing.TB, c *Cache, key, val string) {
	t.Helper()
	got, ok, err := c.Get(key)
	if err != nil || ok != (val != "") || string(got) != val {
		t.Errorf("Get(%q) = %.40q, %v, %v, want %.40q", key, got, ok, err, val)
	}
}
