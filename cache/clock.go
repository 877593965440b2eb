package cache

import (
	"math"
	"sync/atomic"
	"time"
)

// Clock is where a Cache reads the time. Its methods are called by many
// goroutines at once.
type Clock interface {
	// Now returns the time since some fixed moment. It never goes backwards
	// and does not follow changes of the wall clock. Lives and locks end by
	// this clock, in whole milliseconds.
	Now() time.Duration
	// Wall returns the time of day, for the times that META and STATS report
	// and by which EvictGCRatio tells what nobody used.
	Wall() time.Time
}

// systemClock is the Clock that is used when Options name none.
type systemClock struct{ start time.Time }

func newSystemClock() *systemClock { return &systemClock{start: time.Now()} }

func (c *systemClock) Now() time.Duration { return time.Since(c.start) }
func (c *systemClock) Wall() time.Time    { return time.Now() }

// instant is the time at which a command runs.
type instant struct {
	ms   int64  // of Clock.Now: deadlines are compared with it
	unix uint32 // Clock.Wall in seconds: what items are stamped with
}

// timekeeper turns one reading of the monotonic clock into an instant. The
// time of day is asked for once a second only: between two readings it is as
// far from the monotonic clock as at the last one. A step of the wall clock is
// noticed within that second; less than a second of drift is left alone, so
// that stamps do not jump to and fro.
type timekeeper struct {
	clock  Clock
	offset atomic.Int64 // wall minus monotonic time, in nanoseconds
	check  atomic.Int64 // monotonic time of the next look at the wall clock
	// stepped is the monotonic time, in milliseconds, at which a step of the wall
	// clock was noticed last: stamps from before it are of another time of day.
	stepped atomic.Int64
}

func (k *timekeeper) init(c Clock) {
	k.clock = c
	now := c.Now()
	k.offset.Store(c.Wall().UnixNano() - int64(now))
	k.check.Store(int64(now + time.Second))
	k.stepped.Store(math.MinInt64 / 2)
}

// now returns the current instant.
func (k *timekeeper) now() instant {
	mono := int64(k.clock.Now())
	if mono >= k.check.Load() {
		k.check.Store(mono + int64(time.Second))
		offset := k.clock.Wall().UnixNano() - mono
		if d := offset - k.offset.Load(); d >= int64(time.Second) || d <= -int64(time.Second) {
			k.offset.Store(offset)
			k.stepped.Store(mono / int64(time.Millisecond))
		}
	}
	unix := (mono + k.offset.Load()) / int64(time.Second)
	return instant{ms: max(mono/int64(time.Millisecond), 0), unix: uint32(min(max(unix, 0), math.MaxUint32))}
}

// Forever is the duration of a life or lock that does not end by itself.
const Forever = time.Duration(-1)

// ceilSeconds returns d in seconds, a fraction counted as a whole one.
func ceilSeconds(d time.Duration) int64 {
	s := int64(d / time.Second)
	if d%time.Second > 0 {
		s++
	}
	return s
}

// seconds turns a duration as the methods of Cache take it into the number of
// the protocol.
func seconds(d time.Duration) (int64, error) {
	switch {
	case d == Forever:
		return -1, nil
	case d < 0:
		return 0, ErrInvalidTTL
	}
	return ceilSeconds(d), nil
}
