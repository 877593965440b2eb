package gibsontest

import (
	"sync/atomic"
	"time"
)

// clock is a cache.Clock that stands still until it is advanced.
type clock struct {
	start   time.Time
	elapsed atomic.Int64 // nanoseconds
}

func (c *clock) Now() time.Duration { return time.Duration(c.elapsed.Load()) }
func (c *clock) Wall() time.Time    { return c.start.Add(c.Now()) }

func (c *clock) advance(d time.Duration) {
	if d > 0 {
		c.elapsed.Add(int64(d))
	}
}
