package fault

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
)

// setBack is a clock whose time of day is set while the other one goes on.
type setBack struct{ mono, wall atomic.Int64 } // nanoseconds

func (c *setBack) Now() time.Duration { return time.Duration(c.mono.Load()) }
func (c *setBack) Wall() time.Time {
	return time.Unix(1_600_000_000, c.mono.Load()+c.wall.Load())
}

// TestTimeOfDayIsSetBack sets the time of day back by a day, and forward by two:
// lives and locks go by another clock and do not notice, while what is stamped
// afterwards has the new time.
func TestTimeOfDayIsSetBack(t *testing.T) {
	t.Parallel()
	clock := &setBack{}
	c, err := cache.New(&cache.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	set := func(key string) {
		t.Helper()
		if err := c.Set(key, []byte("v"), 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	set("k")
	if _, err := c.Lock("k", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	clock.wall.Store(int64(-24 * time.Hour))
	clock.mono.Add(int64(2 * time.Second))
	if left, ok, err := c.MetaLeft("k"); left != 8 || !ok || err != nil {
		t.Errorf("left = %d, %v, %v; want 8", left, ok, err)
	}
	set("later")
	if n, _, _ := c.MetaCreated("later"); n != 1_600_000_002-86400 {
		t.Errorf("created = %d, want a day before", n)
	}
	clock.wall.Store(int64(24 * time.Hour))
	clock.mono.Add(int64(2999 * time.Millisecond))
	if err := c.Set("k", []byte("w"), 0); err == nil {
		t.Error("the lock ended early")
	}
	clock.mono.Add(int64(time.Millisecond))
	if lock, _, _ := c.MetaLock("k"); lock != 0 {
		t.Errorf("lock = %d at its end", lock)
	}
	clock.mono.Add(int64(5*time.Second - time.Millisecond))
	if n, err := c.Count("k"); n != 1 || err != nil {
		t.Errorf("%d items a millisecond before the end, %v", n, err)
	}
	clock.mono.Add(int64(time.Millisecond))
	if n, err := c.Count("k"); n != 0 || err != nil {
		t.Errorf("%d items at the end, %v", n, err)
	}
}
