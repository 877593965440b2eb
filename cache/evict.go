package cache

import "bytes"

// How the policies EvictLFU and EvictLRU make room. Items are in no lists: the
// victim is the worst of a few items that are picked at random.
//
// EvictLRU picks among all items and takes the one used longest ago.
//
// EvictLFU holds newcomers apart in a window, a queue of a share of all items
// that the climber adjusts. An item whose turn comes in the queue is queued
// again if it was used meanwhile; else it leaves the window, and now has to be
// better than the worst of a sample of those outside, by the sketch's estimates
// of how often their keys were used: the lesser one goes.

const (
	// An eviction looks at sampleGroups runs of sampleRun neighbours: a group
	// costs little more than a single item. Beside them it looks at the best of
	// the sample before that stayed.
	sampleGroups = 3
	sampleRun    = 3
	// graduations bounds how many entries of the window are looked at for one
	// victim.
	graduations = 128
	// searchLength is how many items are looked at one by one when samples
	// find nothing but locked items.
	searchLength = 1024

	// cheapItems is the highest Options.MaxItems for which the use of items is
	// watched from the first one on.
	cheapItems = 8 << 10

	// The window may have weedSpare entries without items, and as many as with
	// one; beyond that each item that comes takes weedStep entries out.
	weedSpare = 1 << 10
	weedStep  = 2

	// A command frees at most twice what it needs and evictBytes, by removing
	// at most evictItems items and one for every bytesPerVictim bytes that it
	// needs.
	evictBytes     = 64 << 10
	evictItems     = 16
	bytesPerVictim = 32
	// evictTimers is how many timers it looks at beyond that, for those in
	// whose turn nothing is over.
	evictTimers = 1 << 10
	// leafCost is about what an item takes beside its key and record.
	leafCost = 24
	// The use of items is watched from 1/watchShare of the limit on: 2 or more,
	// for other parts of the program may have up to half of it (setOverhead).
	watchShare = 2
	// heldSlack is how far the memory that the system has given may exceed the
	// limit before it makes items go, and a part of 1/heldShare of the limit more
	// how far if moving items together can help, too.
	heldSlack = 4 << 20
	heldShare = 32
	// A command that adds bytes when all that may be is held looks at compactShare
	// times as many of what is there: a walk through most of the limit is over
	// before those that come meanwhile exceed it by so much. It looks at no more
	// than compactMost items, lest others wait for it.
	compactShare = 16
	compactMost  = 16 << 10
)

// prospect is an item that may be the victim.
type prospect struct {
	ok       bool
	key      []byte
	estimate int
	age      uint32
}

// keep makes key, which is copied, the prospect.
func (p *prospect) keep(key []byte) {
	p.ok = true
	p.key = append(p.key[:0], key...)
}

// demand is what a command is about to add.
type demand struct {
	bytes int64
	items int64
	// own is the key of the item, or the prefix of the items, for which room
	// is made; they are never victims.
	own    []byte
	family bool
}

// spares reports whether key is of those that must stay.
func (d *demand) spares(key []byte) bool {
	if d.family {
		return bytes.HasPrefix(key, d.own)
	}
	return bytes.Equal(key, d.own)
}

// makeRoom makes room for storing a value of size bytes under key, where old is
// now, which may be nil. It returns the item again, for the tree may change. If
// not even an empty cache had the room, it returns ErrMemoryLimit and changes
// nothing.
func (c *Cache) makeRoom(key []byte, old item, size int, now instant) (item, error) {
	payload := int64(len(key) + size)
	if !c.set.Eviction.evicts() {
		if payload > c.set.MaxMemory {
			return old, ErrMemoryLimit
		}
		if c.closeHoles(payload) {
			old = c.tree.Seek(key)
		}
		return old, nil
	}
	if c.farFromLimits(payload) {
		return old, nil
	}
	d := demand{bytes: int64(headerSize + timerSize + size), own: key}
	if old == nil {
		d.bytes += int64(len(key) + leafCost)
		d.items = 1
	} else {
		d.bytes -= int64(len(old))
	}
	c.watch(d.bytes)
	c.weed(&d, now)
	if c.closeHoles(d.bytes) {
		old = c.tree.Seek(key)
	}
	if !c.exceeds(&d) {
		return old, nil
	}
	if payload > c.set.MaxMemory {
		return old, ErrMemoryLimit
	}
	c.evictFor(&d, now)
	return c.tree.Seek(key), nil
}

// farFromLimits reports whether the cache is so far from its limits, even with
// an item more whose key and value have so many bytes, that neither watch nor
// weed have anything to do and nothing exceeds.
func (c *Cache) farFromLimits(payload int64) bool {
	if c.evictor.on || c.evictor.window.entries > 0 || c.set.MaxItems > 0 {
		return false
	}
	m := &c.memory
	if m.grown > c.littleGrowth() {
		c.used() // which brings nowHeld up to date, too
	}
	taken := max(m.used, m.nowHeld) + m.grown + headerSize + timerSize + leafCost + payload
	return taken <= c.set.MaxMemory/watchShare
}

// makeFamilyRoom makes room for growth more bytes in the family of prefix, of
// which no item is evicted. If that is not possible, it returns
// ErrMemoryLimit and changes nothing.
func (c *Cache) makeFamilyRoom(prefix []byte, growth int64, now instant) error {
	d := demand{bytes: growth, own: prefix, family: true}
	var evictable int64
	if c.set.Eviction.evicts() {
		c.watch(growth)
	}
	c.closeHoles(growth)
	if c.set.Eviction.evicts() {
		if growth <= 0 || !c.exceeds(&d) {
			return nil
		}
		_, all := c.tree.Weigh(nil)
		_, family := c.tree.Weigh(prefix)
		evictable = all - family
	}
	for c.used()+growth-evictable > c.budget() {
		if !c.detached {
			return ErrMemoryLimit
		}
		c.reclaim(tidyWork)
	}
	if !c.set.Eviction.evicts() {
		return nil
	}
	c.evictFor(&d, now)
	return nil
}

// exceeds reports whether there is too little room for d.
func (c *Cache) exceeds(d *demand) bool { return c.tooMuch(d) || c.tooMany(d) }

// tooMuch reports whether there is too little memory for d.
func (c *Cache) tooMuch(d *demand) bool {
	return c.used()+d.bytes > c.budget() || c.heldInEarnest()
}

// heldTooMuch reports whether the system has given more than the limit.
func (c *Cache) heldTooMuch() bool { return c.memory.nowHeld > c.budget()+heldSlack }

// heldInEarnest reports whether items must go for that: not while moving them
// together helps, unless so much is held that this comes too late, and not in a
// cache that is far from full, where no item is worth less than a hole.
func (c *Cache) heldInEarnest() bool {
	return c.heldTooMuch() && c.used() > c.set.MaxMemory/watchShare && (!c.holed() || c.heldFarTooMuch())
}

// heldFarTooMuch reports whether the system has given notably more than the limit.
func (c *Cache) heldFarTooMuch() bool {
	limit := c.budget()
	return c.memory.nowHeld > limit+limit/heldShare+heldSlack
}

// closeHoles moves items together if the system has given all that it may and
// that is worth it, for a command that adds so many bytes. It reports whether it
// did; what the tree handed out is invalid then.
func (c *Cache) closeHoles(bytes int64) bool {
	c.used() // for what is held
	if m := &c.memory; m.nowHeld <= c.budget() || !m.moving && !c.holed() {
		return false
	}
	c.moveTogether(compactBytes+compactShare*max(bytes, 0), compactMost)
	return true
}

// tooMany reports whether there are too many items for d.
func (c *Cache) tooMany(d *demand) bool {
	return c.set.MaxItems > 0 && int64(c.tree.Len())+d.items > c.set.MaxItems
}

// evictFor makes room for d, as much as the bounds on one command allow: first
// from what is over, then from detached families, then from items.
func (c *Cache) evictFor(d *demand, now instant) {
	need := max(d.bytes, 0)
	victims := evictItems + need/bytesPerVictim
	most := 2*need + evictBytes
	timers := evictTimers + victims
	for before := c.used(); ; {
		many := c.tooMany(d)
		switch {
		case !many && (!c.tooMuch(d) || before-c.used() >= most):
			return
		case timers > 0 && c.wheel.due(now.ms):
			c.expire(now.ms, tidyWork)
			timers -= tidyWork
		case c.detached && !many:
			c.reclaim(tidyWork)
		case victims == 0 || !c.evictOne(d, now):
			return
		default:
			victims--
		}
	}
}

// weed takes entries out of the window if most of them may be of items that
// went.
func (c *Cache) weed(d *demand, now instant) {
	e := &c.evictor
	for n := weedStep; n > 0 && e.window.entries > 2*e.waiting+weedSpare; n-- {
		c.leave(d, now, false)
	}
}

// watch begins to watch the use of items when that share of the limit is taken,
// or at once if that costs next to nothing, and ends it at half of the share.
func (c *Cache) watch(more int64) {
	e := &c.evictor
	limit, used, items := c.set.MaxMemory, c.usedByItems()+more, c.tree.Len()
	byItems := c.set.MaxItems
	switch full := used > limit/watchShare || byItems > 0 && (int64(items) >= byItems/2 || byItems <= cheapItems); {
	case full && !e.on:
		e.start(c.capacity(used), items)
		c.changes()
	case !full && e.on && used < limit/(2*watchShare) && (byItems == 0 || int64(items) < byItems/4):
		e.stop()
		c.changes()
	}
}

// capacity returns how many items the limits let in if they go on being as large
// as those that take so many bytes now.
func (c *Cache) capacity(used int64) int {
	items := c.tree.Len()
	n := c.set.MaxItems
	if items > 0 {
		n = int64(float64(c.set.MaxMemory) / float64(max(used, 1)) * float64(items))
		if c.set.MaxItems > 0 {
			n = min(n, c.set.MaxItems)
		}
	}
	return int(max(n, int64(items)))
}

// evictOne removes one item and reports whether it found one.
func (c *Cache) evictOne(d *demand, now instant) bool {
	e := &c.evictor
	e.candidate.ok = false
	if e.lfu {
		c.graduate(d, now)
	}
	c.sample(d, now)
	cand, victim := &e.candidate, &e.victim
	switch {
	case cand.ok && (!victim.ok || !e.better(cand, victim)):
		if victim.ok {
			e.second.keep(victim.key)
		}
		victim = cand
	case !victim.ok && !c.search(d, now):
		return false
	}
	it := item(c.tree.Seek(victim.key))
	c.evicted(victim.key)
	c.removeSought(victim.key, it)
	return true
}

// better reports whether a is worth more than b, beyond what may be chance. A
// key that was used often wins a tie once in a while: else nobody could fool
// the sketch so well as he who knows it.
func (e *evictor) better(a, b *prospect) bool {
	margin := 0
	if b.estimate >= 2 {
		margin = 1 + b.estimate/6
	}
	return a.estimate > b.estimate+margin || a.estimate == b.estimate && a.estimate > 5 && e.rng.IntN(128) == 0
}

// graduate lets items out of the window while it is too large. The last of
// them is the candidate, unless it is locked.
func (c *Cache) graduate(d *demand, now instant) {
	e := &c.evictor
	for n := graduations; n > 0 && e.waiting >= e.room() && e.window.entries > 0; n-- {
		if c.leave(d, now, n > 1) {
			e.candidate.ok = true
		}
	}
}

// leave deals with the oldest entry of the window: its item is queued again if
// it was used and again is true, or else leaves the window. It reports whether
// the item, which then is the candidate, may be evicted.
func (c *Cache) leave(d *demand, now instant, again bool) bool {
	e := &c.evictor
	c.changes()
	key := e.window.pop(e.sampled.key[:0])
	e.sampled.key = key
	it := item(c.tree.Find(key))
	switch {
	case it == nil || !it.fresh():
		return false // it went
	case again && it.use()&flagUsed != 0 || d.spares(key):
		it.setUse(it.use() &^ flagUsed)
		e.window.push(key)
		return false
	}
	it.setUse(it.use() &^ (flagWindow | flagUsed))
	e.waiting--
	if c.isLocked(key, it, now) {
		return false
	}
	e.candidate.key = append(e.candidate.key[:0], key...)
	if e.on { // else nothing is compared, and there is no sketch
		e.candidate.estimate = e.sketch.estimate(e.hash(key))
	}
	return true
}

// sample makes the worst item of a sample the victim.
func (c *Cache) sample(d *demand, now instant) {
	e := &c.evictor
	e.victim.ok = false
	items := c.tree.Len()
	if items == 0 {
		return
	}
	if e.second.ok {
		e.second.ok = false
		if it := item(c.tree.Find(e.second.key)); it != nil { // it may have gone
			c.consider(e.second.key, it, d, now)
		}
	}
	for range sampleGroups {
		left := sampleRun
		c.tree.WalkNth(e.rng.IntN(items), func(key, rec []byte) bool {
			left--
			c.consider(key, rec, d, now)
			return left > 0
		})
	}
}

// consider makes an item the victim if it is worse than the present one.
func (c *Cache) consider(key []byte, it item, d *demand, now instant) {
	e := &c.evictor
	v := &e.victim
	estimate, age := 0, e.age(it)
	if e.lfu {
		if it.fresh() || e.candidate.ok && bytes.Equal(key, e.candidate.key) {
			return
		}
		if e.on {
			estimate = e.sketch.estimate(e.hash(key))
		}
	}
	if v.ok && (estimate > v.estimate || estimate == v.estimate && age <= v.age) {
		return
	}
	if d.spares(key) || c.isLocked(key, it, now) {
		return
	}
	if v.ok {
		e.second.keep(v.key)
	}
	v.ok, v.estimate, v.age = true, estimate, age
	v.key = append(v.key[:0], key...)
}

// search finds a victim where sampling did not: the oldest of the window, else
// any item that is not locked, else one that is. It reports whether there is
// one.
func (c *Cache) search(d *demand, now instant) bool {
	e := &c.evictor
	for n := min(graduations, e.window.entries); n > 0; n-- {
		if c.leave(d, now, false) {
			e.victim.key = append(e.victim.key[:0], e.candidate.key...)
			return true
		}
	}
	items := c.tree.Len()
	if items == 0 {
		return false
	}
	found := 0 // 1: a locked item, 2: one that is not
	look := func(key, rec []byte) bool {
		if d.spares(key) {
			return true
		}
		locked := c.isLocked(key, rec, now)
		if !locked || found == 0 {
			e.victim.key = append(e.victim.key[:0], key...)
			found = 1
		}
		if !locked {
			found = 2
		}
		return found < 2
	}
	left := searchLength
	c.tree.WalkNth(e.rng.IntN(items), func(key, rec []byte) bool {
		left--
		return look(key, rec) && left > 0
	})
	if found == 2 {
		return true
	}
	// From both ends of the family that is to stay, if there is one.
	left = searchLength
	look2 := func(key, rec []byte) bool {
		left--
		return (!d.family || !d.spares(key)) && look(key, rec) && left > 0
	}
	c.tree.Walk(nil, nil, look2)
	if next := successor(d.own); found < 2 && d.family && next != nil {
		left = searchLength
		c.tree.Walk(nil, next, look2)
	}
	return found > 0
}

// successor returns the least key that is greater than all that begin with
// prefix, nil if there is none.
func successor(prefix []byte) []byte {
	for n := len(prefix) - 1; n >= 0; n-- {
		if prefix[n] != 0xff {
			next := bytes.Clone(prefix[:n+1])
			next[n]++
			return next
		}
	}
	return nil
}

// evicted notes that an item goes because there is too little room.
func (c *Cache) evicted(key []byte) {
	c.figures.evicted++
	c.removals.add(key, CauseEvicted)
}
