package cache

import (
	"runtime"
	"time"
)

// expire removes items and locks whose time is over, at most limit timers at a
// time; all of them if limit is negative.
func (c *Cache) expire(ms int64, limit int) (done bool) {
	return c.wheel.advance(ms, limit, c.ring)
}

// ring is called by the wheel for a timer whose time has come.
func (c *Cache) ring(id uint32) {
	t := c.wheel.timers.at(id)
	c.rung = c.wheel.keys.appendTo(c.rung[:0], t.key, int(t.keyLen))
	it := item(c.tree.Find(c.rung))
	switch {
	case it != nil && t.ofLock:
		c.unlock(c.rung, it)
	case it != nil && it.timer() == id:
		c.remove(c.rung, it)
	}
	// Otherwise the item was detached: reclaim releases the timer with it.
}

const (
	// tidyWork is how much the background goroutine does under one lock.
	tidyWork = 128
	// tidyPause is how long it lets due items gather, in milliseconds. They
	// are gone for every command all the same.
	tidyPause = 100
)

// housekeep is the background goroutine. It gives memory back: of detached
// families and, where the time is the system's, of items that are over.
func (c *Cache) housekeep() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		sleep, more := c.tidy()
		if more {
			runtime.Gosched() // let those through who wait for the lock
			continue
		}
		timer.Reset(sleep)
		select {
		case <-c.quit:
			return
		case <-c.wake:
		case <-timer.C:
		}
	}
}

// tidy does a bounded piece of work. It reports whether there is more to do,
// and if not, how long it may sleep.
func (c *Cache) tidy() (sleep time.Duration, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	const long = time.Hour
	if c.closed {
		return long, false // quit is closed
	}
	c.figures.rounds++
	c.planned = 0
	if c.detached {
		more = c.reclaim(tidyWork)
	}
	if c.set.ownTime {
		if !more {
			c.planned = never
		}
		return long, more
	}
	now := c.time.now()
	more = !c.expire(now.ms, tidyWork) || more
	more = c.collect(now) || more
	if more {
		return 0, true
	}
	c.planned = min(max(c.wheel.wake, now.ms+tidyPause), now.ms+long.Milliseconds())
	if c.set.Eviction == EvictGCRatio {
		c.planned = min(c.planned, c.collector.next)
	}
	return time.Duration(c.planned-now.ms) * time.Millisecond, false
}

// needsHelp reports whether the background goroutine sleeps although there is
// work for it, or sleeps longer than it should.
func (c *Cache) needsHelp() bool {
	return c.planned != 0 && (c.detached || !c.set.ownTime && c.wheel.wake < c.planned-tidyPause)
}

// rouse wakes the background goroutine.
func (c *Cache) rouse() {
	select {
	case c.wake <- struct{}{}:
	default: // it was told already
	}
}
