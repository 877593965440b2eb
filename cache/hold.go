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
	// Faults is how many page faults the thread had meanwhile: for most of them the
	// system has to find memory, which can take milliseconds. It is 0 where the
	// system does not say it, like CPU.
	Faults int
	// Background says that it was no Batch.
	Background bool
}

// holding is the Hold that has begun.
type holding struct {
	start time.Time
	threadUse
}

// threadUse is what a thread has used so far.
type threadUse struct {
	cpu    time.Duration
	faults int
}

// beginHold notes that the cache was locked. It stays on its thread until
// unlockHeld, for processor time is counted by threads.
func (c *Cache) beginHold() {
	if c.set.OnHold != nil {
		runtime.LockOSThread()
		c.holding = holding{time.Now(), useOfThread()}
	}
}

// unlockHeld unlocks the cache after beginHold, rouses the background goroutine if
// it is to, and then tells how long the cache was locked: what is told that may
// take its time.
func (c *Cache) unlockHeld(background, rouse bool) {
	if c.set.OnHold == nil {
		c.mu.Unlock()
		if rouse {
			c.rouse()
		}
		return
	}
	began := c.holding
	now, wall := useOfThread(), time.Since(began.start)
	runtime.UnlockOSThread()
	c.mu.Unlock()
	if rouse {
		c.rouse()
	}
	c.set.OnHold(Hold{Start: began.start, Wall: wall, CPU: now.cpu - began.cpu, Faults: now.faults - began.faults, Background: background})
}
