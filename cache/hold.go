package cache

import (
	"runtime"
	"time"
)

// Hold is a time during which the cache was locked and nobody else could use
// it: a Batch, or a step of the work in the background.
type Hold struct {
	// Start is when the lock was there, by the system's clock whatever
	// Options.Clock is.
	Start time.Time
	// Wall is how long it was held, CPU how long the thread ran meanwhile; the
	// rest of the time others had the processor. CPU is 0 where the system does
	// not say it, which is everywhere but on Linux.
	Wall, CPU time.Duration
	// Background says that it was no Batch.
	Background bool
}

// holding is the Hold that has begun.
type holding struct {
	start time.Time
	cpu   time.Duration
}

// beginHold notes that the cache was locked. It stays on its thread until
// endHold, for processor time is counted by threads.
func (c *Cache) beginHold() {
	if c.set.OnHold != nil {
		runtime.LockOSThread()
		c.holding = holding{time.Now(), threadTime()}
	}
}

// endHold returns what has to be told once the cache is unlocked.
func (c *Cache) endHold() Hold {
	if c.set.OnHold == nil {
		return Hold{}
	}
	h := Hold{Start: c.holding.start, CPU: threadTime() - c.holding.cpu, Wall: time.Since(c.holding.start)}
	runtime.UnlockOSThread()
	return h
}

// tellHold tells it, with the cache unlocked.
func (c *Cache) tellHold(h Hold, background bool) {
	if c.set.OnHold != nil {
		h.Background = background
		c.set.OnHold(h)
	}
}
