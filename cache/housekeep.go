package cache

import (
	"math"
	"runtime"
	"time"

	"github.com/gogibson/gibson/internal/radix"
)

// expire removes items whose life is over, at most limit timers at a
// time; all of them if limit is negative.
func (c *Cache) expire(ms int64, limit int) (done bool) {
	return c.wheel.advance(ms, limit, c.ring)
}

// endsPerTimer is how many timers are looked at for each that begins. One goes
// through four lists of the wheel at the most, unless its life is longer than
// 4 hours, so ends never come faster than they are dealt with.
const endsPerTimer = 4

// keepUp pays for a timer that is about to begin.
func (c *Cache) keepUp(now instant) {
	if c.wheel.due(now.ms) {
		c.expire(now.ms, endsPerTimer)
	}
}

// ring is called by the wheel for a timer whose time has come.
func (c *Cache) ring(id uint32) {
	t := c.wheel.timers.at(id)
	c.rung = c.wheel.keys.appendTo(c.rung[:0], t.key, int(t.keyLen))
	it := item(c.tree.Find(c.rung))
	if it != nil && it.timer() == id {
		c.figures.expired++
		c.removals.add(c.rung, CauseExpired)
		c.remove(c.rung, it)
	}
	// Otherwise the item was detached: reclaim releases the timer with it.
}

const (
	// tidyWork is how much the background goroutine does under one lock.
	tidyWork = 128
	// standBack is how long it leaves lock and processor to others when it meets
	// them. helpedBack is the same if detached memory is all there is to do and
	// batches give back as much of it as the goroutine would, which it allows at
	// most mostSkips times in a row: it has other work, too, if only to look.
	standBack  = time.Millisecond
	helpedBack = 4 * standBack
	helpedWork = 4 * tidyWork
	mostSkips  = 25
	// tidyPause is how long it lets due items gather, in milliseconds. They
	// are gone for every command all the same.
	tidyPause = 100
	// askOverhead is how often Options.Overhead is asked, and askSoon how often
	// once half of the limit is taken.
	askOverhead = time.Second
	askSoon     = 100 * time.Millisecond
	// compactPause is how long the steps of a compaction are apart, and
	// compactLook how often it is looked whether one is worth it, in
	// milliseconds.
	compactPause = 1
	compactLook  = 1000
	// compactBytes is about how much a step in the background moves at the most,
	// if more than one item fits.
	compactBytes = 64 << 10
)

// setOverhead notes what the program takes beside the cache and returns when to
// ask again.
func (c *Cache) setOverhead(n int64) time.Duration {
	c.mu.Lock()
	c.beginHold()
	defer c.unlockHeld(true, false)
	m := &c.memory
	m.others = min(max(n, 0), c.set.MaxMemory/2)
	c.changes() // the budget is another
	if m.nowHeld+m.others > c.set.MaxMemory/2 {
		return askSoon
	}
	return askOverhead
}

// holed reports whether so little of what the system has given is in use that it
// is worth it to move items together, and more can be gained than when that led
// to nothing last.
func (c *Cache) holed() bool {
	m := &c.memory
	return m.nowHeld-m.used >= max(m.used/8, heldSlack, m.stuck+m.stuck/8)
}

// compact does one step of moving items together, so that memory can go back to
// the system, if that is worth it. It returns when to look again, in
// milliseconds.
func (c *Cache) compact(now instant) (next int64) {
	m := &c.memory
	c.used() // for holed
	switch {
	case m.moving:
	case !c.holed():
		return never
	case now.ms < m.next:
		return m.next
	}
	if c.moveTogether(compactBytes, tidyWork/2) {
		return now.ms + compactPause
	}
	m.next = now.ms + compactLook
	return m.next
}

// moveTogether looks at about so many bytes of items, at least one item, and moves
// those that lie too high. It reports whether there is more to do.
func (c *Cache) moveTogether(bytes int64, most int) (more bool) {
	m := &c.memory
	n := most
	if items := int64(c.tree.Len()); items > 0 {
		n = int(min(int64(n), 1+bytes/(1+c.used()/items)))
	}
	c.changes()
	m.moving = c.tree.Defrag(n) || c.locks.Defrag(n)
	if !m.moving {
		m.stuck = math.MaxInt64 // until what is left has been added up
	}
	return m.moving
}

// housekeep is the background goroutine. It gives memory back: of detached
// families and, where the time is the system's, of items that are over.
func (c *Cache) housekeep() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var asked time.Time // when Overhead was asked
	var pause time.Duration
	more := false
	for {
		if c.set.Overhead != nil && time.Since(asked) >= pause {
			c.mu.RLock()
			own := c.heap()
			c.mu.RUnlock()
			pause = c.setOverhead(c.set.Overhead(own))
			asked = time.Now()
		}
		var sleep time.Duration
		if c.lacking.Load() {
			c.fillAhead()
		}
		sleep, more = c.tidy(more)
		if c.set.Overhead != nil {
			sleep = min(sleep, pause)
		}
		if more && sleep == 0 {
			runtime.Gosched() // let those through who wait for the lock
			continue
		}
		timer.Reset(sleep)
		select {
		case <-c.quit:
			return
		case <-c.wake:
			more = false // the work may be of another kind
		case <-timer.C:
		}
	}
}

// tidy does a bounded piece of work, unless it is called again to reclaim and
// batches have done as much since the last time. It reports whether there is
// more to do, and how long to sleep first. That is a while if there were
// batches: a thread that is busy all the time takes the processor from those
// that serve them, and one that loses the processor while it has the lock
// makes all of them wait until it is back, so it had better not take the lock
// at all.
func (c *Cache) tidy(again bool) (sleep time.Duration, more bool) {
	helped := c.helped.Swap(0) >= helpedWork
	if again && helped && c.reclaims && c.skips < mostSkips {
		c.skips++
		return helpedBack, true
	}
	c.skips = 0
	c.mu.Lock()
	met := c.begun != c.met
	c.met = c.begun
	c.beginHold()
	sleep, more = c.work()
	c.unlockHeld(true, false)
	switch {
	case more && met:
		sleep = standBack
	case more:
		sleep = 0
	}
	return sleep, more
}

// work is tidy with the cache locked and nobody about.
func (c *Cache) work() (sleep time.Duration, more bool) {
	const long = time.Hour
	if c.closed {
		return long, false // quit is closed
	}
	c.figures.rounds++
	c.planned = 0
	now := c.time.now()
	detached := c.detached && c.reclaim(tidyWork)
	others := c.shrinking && c.shrink(now)
	if !c.set.ownTime {
		others = !c.expire(now.ms, tidyWork) || others
		others = !c.endLocks(now.ms, tidyWork/endingRings) || others
		others = c.collect(now) || others
	}
	c.dropSpare()
	c.reclaims = detached && !others
	switch {
	case detached || others:
		return 0, true
	case c.set.ownTime:
		c.planned = never
		return long, false
	}
	c.planned = min(max(c.nextEnd(), now.ms+tidyPause), now.ms+long.Milliseconds())
	if c.set.Eviction == EvictGCRatio {
		c.planned = min(c.planned, c.collector.next)
	}
	c.planned = min(c.planned, c.compact(now))
	if c.evictor.on {
		c.planned = min(c.planned, now.ms+compactLook)
	}
	if c.squeeze.large() {
		c.squeeze.trim(now.ms, c.mostKept())
	}
	if c.squeeze.large() { // perhaps no batch comes any more whose End does it
		c.planned = min(c.planned, c.squeeze.last+keptFor)
	}
	return time.Duration(c.planned-now.ms) * time.Millisecond, false
}

// wantsAhead reports whether fillAhead has something to do. Near the limit it
// has not: what is over it would be taken from the items.
func (c *Cache) wantsAhead() bool {
	return (c.tree.WantsAhead() || c.locks.WantsAhead()) &&
		c.memory.nowHeld+radix.AheadBytes <= c.budget()
}

// fillAhead makes the system give the memory that the cache needs next, without
// the lock: that can take longer than anything that is done under it.
func (c *Cache) fillAhead() {
	for {
		c.mu.Lock()
		c.beginHold()
		a, ok := c.nextAhead()
		words := 0
		if !ok {
			if words = c.wantsSpare(); words > 0 {
				c.loseSpare() // it does not fit
			}
		}
		c.lacking.Store(ok || words > 0)
		c.unlockHeld(true, false)
		switch {
		case words > 0:
			c.makeSpare(words)
			continue
		case !ok:
			return
		}
		filled := a.Fill()
		c.mu.Lock()
		c.beginHold()
		a.Filled(filled)
		c.changes()
		c.unlockHeld(true, false)
	}
}

// nextAhead returns what fillAhead fills next.
func (c *Cache) nextAhead() (a radix.Ahead, ok bool) {
	c.used() // for what is held now
	if c.closed || !c.wantsAhead() {
		return a, false
	}
	if a, ok = c.tree.Ahead(); ok {
		return a, ok
	}
	return c.locks.Ahead()
}

// nextEnd returns a time in milliseconds before which no item and no lock ends.
func (c *Cache) nextEnd() int64 { return min(c.wheel.wake, c.lockEnds.wake) }

// needsHelp reports whether the background goroutine sleeps although there is
// work for it, or sleeps longer than it should. What the cache takes must have
// been added up, but for littleGrowth.
func (c *Cache) needsHelp(now instant) bool {
	if c.planned == 0 || c.set.ownTime {
		return c.planned != 0 && c.detached
	}
	soon := c.planned - tidyPause
	return c.detached || c.nextEnd() < soon || c.holed() && max(now.ms, c.memory.next) < soon ||
		now.ms+keptFor < soon && c.squeeze.large()
}

// rouse wakes the background goroutine.
func (c *Cache) rouse() {
	select {
	case c.wake <- struct{}{}:
	default: // it was told already
	}
}
