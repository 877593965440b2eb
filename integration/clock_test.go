package integration

import (
	"sync"
	"time"
)

// epoch is the time of day at which every script begins: the turn of a second,
// so that scripts can tell where in a second they are.
var epoch = time.Date(2020, 2, 29, 23, 59, 0, 0, time.UTC)

// fakeClock stands still until it is told to advance. It is the cache.Clock of
// every world with a server in this process.
type fakeClock struct {
	mu      sync.Mutex // protects elapsed
	elapsed time.Duration
}

// Now implements cache.Clock.
func (c *fakeClock) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.elapsed
}

// Wall implements cache.Clock.
func (c *fakeClock) Wall() time.Time { return epoch.Add(c.Now()) }

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.elapsed += d
}

// The clock's part of a world.
func (c *fakeClock) now() time.Time   { return c.Wall() }
func (c *fakeClock) start() time.Time { return epoch }
func (c *fakeClock) slack() int64     { return 0 }
