package cache

import (
	"math"
	"testing"
	"time"
)

func TestSystemClock(t *testing.T) {
	t.Parallel()
	c := newSystemClock()
	a := c.Now()
	if b := c.Now(); a < 0 || b < a {
		t.Errorf("the clock went from %v to %v", a, b)
	}
	if d := time.Since(c.Wall()); d < -time.Hour || d > time.Hour {
		t.Errorf("the time of day is %v off", d)
	}
}

// TestTimekeeper: stamps follow steps of the wall clock within a second, but
// not its drift, and deadlines follow neither.
func TestTimekeeper(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	clock.advance(999999 * time.Nanosecond)
	var k timekeeper
	k.init(clock)
	check := func(what string, ms int64, unix uint32) {
		t.Helper()
		if got := k.now(); got != (instant{ms, unix}) {
			t.Errorf("%s: now is %+v, want %+v", what, got, instant{ms, unix})
		}
	}
	check("just below a millisecond", 0, testEpoch)
	clock.advance(1)
	check("a millisecond", 1, testEpoch)
	clock.advance(998999999)
	check("just below a second", 999, testEpoch)
	clock.advance(1)
	check("a second", 1000, testEpoch+1)
	clock.wall.Add(int64(900 * time.Millisecond))
	clock.advance(1200 * time.Millisecond)
	check("wall clock drifts ahead", 2200, testEpoch+2)
	clock.wall.Add(-int64(1800 * time.Millisecond))
	clock.advance(1600 * time.Millisecond)
	check("wall clock drifts behind", 3800, testEpoch+3)
	clock.wall.Add(int64(time.Hour + 900*time.Millisecond))
	clock.advance(10 * time.Millisecond)
	check("wall clock steps, not noticed yet", 3810, testEpoch+3)
	clock.advance(time.Second)
	check("wall clock stepped", 4810, testEpoch+3600+4)
	clock.wall.Add(-int64(time.Hour))
	clock.advance(time.Second)
	check("wall clock stepped back", 5810, testEpoch+5)
	clock.wall.Store(math.MinInt64 / 2)
	clock.advance(time.Second)
	check("wall clock before 1970", 6810, 0)
	clock.wall.Store(math.MaxInt64 / 2)
	clock.advance(time.Second)
	check("wall clock after 2106", 7810, math.MaxUint32)
	clock.now.Store(-int64(time.Hour))
	if got := k.now().ms; got != 0 {
		t.Errorf("monotonic time before its start is %d ms, want 0", got)
	}
}

func TestCeilSeconds(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]int64{
		0: 0, 1: 1, time.Second - 1: 1, time.Second: 1, time.Second + 1: 2, math.MaxInt64: 9223372037,
	} {
		if got := ceilSeconds(d); got != want {
			t.Errorf("%d ns are %d s, want %d", d, got, want)
		}
	}
}
