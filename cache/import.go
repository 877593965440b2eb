package cache

import (
	"errors"
	"math"

	"github.com/klauspost/compress/s2"
)

// Imported is what became of the records that Import was given.
type Imported struct {
	Items   int64 // are in the cache now
	Expired int64 // their life was over
	Skipped int64 // longer than Options allow, malformed, or there already
}

// Import stores records as the items that they were: with their times, what is
// left of their lives, and their locks with the time that is left. Time goes on
// by the wall clock. Where that was set back, nothing lives or is locked for
// longer than it was given. A life above Options.MaxItemTTL is cut to it.
//
// A key that is there stays as it is. At the memory limit nothing is evicted:
// Import returns ErrMemoryLimit, and what was stored until then stays. The
// other error is ErrClosed. The bytes of records are copied.
func (c *Cache) Import(records []Record) (Imported, error) {
	var n Imported
	b, err := c.Begin()
	if err != nil {
		return n, err
	}
	defer b.End()
	offset := c.time.wallOffset()
	for i := range records {
		r := &records[i]
		c.keepUp(b.now)
		err := c.restore(r, b.now, b.now.ms+offset)
		switch {
		case err == nil:
			n.Items++
		case errors.Is(err, errExpired):
			n.Expired++
		case errors.Is(err, errSkipped):
			n.Skipped++
		default:
			return n, err
		}
	}
	return n, nil
}

var (
	errExpired = errors.New("gibson: cache: the item is over")
	errSkipped = errors.New("gibson: cache: no item of this cache")
)

// restore makes an item of r. wall is the wall clock in milliseconds.
func (c *Cache) restore(r *Record, now instant, wall int64) error {
	v, ok := c.contentOf(r)
	if !ok || len(r.Key) == 0 || len(r.Key) > c.set.MaxKeySize {
		return errSkipped
	}
	ttl := min(int64(r.TTL), c.set.maxTTL)
	left := remaining(r.Ends, wall, ttl)
	if ttl > 0 && left <= 0 {
		return errExpired
	}
	if c.find(r.Key, now) != nil {
		return errSkipped
	}
	d := demand{bytes: int64(len(r.Key) + leafCost + headerSize + timerSize + v.size()), items: 1, own: r.Key}
	if c.set.Eviction.evicts() {
		c.watch(d.bytes)
	}
	c.closeHoles(d.bytes)
	for c.exceeds(&d) {
		if !c.wheel.due(now.ms) {
			return ErrMemoryLimit
		}
		c.expire(now.ms, tidyWork)
	}
	h := header{
		encoding: v.encoding,
		timed:    ttl > 0 || v.size() >= roomyValue,
		use:      (c.evictor.epoch.Load() - uint32(r.Age)) << epochShift & epochMask,
		accessed: min(r.Accessed, now.unix),
		created:  min(r.Created, now.unix),
	}
	c.grows(2*len(r.Key) + v.size())
	it, err := c.put(r.Key, h.size(v.size()))
	if err != nil {
		return err
	}
	it.encode(&h) // without a timer
	v.write(it.value())
	c.account(it, 1)
	if ttl > 0 {
		c.grows(len(r.Key))
		it.setTimer(c.wheel.add(r.Key, now.ms+left, uint32(ttl)))
	}
	if err := c.relock(r, it, now, wall); err != nil {
		c.remove(r.Key, it)
		return err
	}
	f := &c.figures
	if f.first == 0 || h.created < f.first {
		f.first = h.created
	}
	f.last = max(f.last, h.created)
	return nil
}

// relock locks the item as r was, for the time that is left.
func (c *Cache) relock(r *Record, it item, now instant, wall int64) error {
	l := lock{deadline: never, seconds: r.LockSeconds}
	switch {
	case l.seconds == 0 || l.seconds < -1:
		return nil
	case l.seconds > 0:
		left := remaining(r.LockEnds, wall, l.seconds)
		if left <= 0 {
			return nil
		}
		l.deadline = now.ms + min(left, never-1-now.ms)
	}
	return c.putLock(r.Key, r.Key, it, &l)
}

// remaining returns the milliseconds from wall to ends, at most the given
// seconds.
func remaining(ends, wall, seconds int64) int64 {
	if ends <= wall {
		return 0
	}
	left := ends - wall
	if left < 0 { // more than the numbers hold
		left = math.MaxInt64
	}
	if seconds > math.MaxInt64/1000 {
		return left
	}
	return min(left, seconds*1000)
}

// contentOf returns the value of r, and whether it can be one.
func (c *Cache) contentOf(r *Record) (content, bool) {
	v := content{encoding: encoding(r.Form), data: r.Data, num: r.Number}
	switch r.Form {
	case FormNumber:
		return v, true
	case FormCompressed:
		n, err := s2.DecodedLen(r.Data)
		return v, err == nil && n > 0 && n <= c.set.MaxValueSize && len(r.Data) <= c.set.MaxValueSize
	}
	return v, r.Form == FormPlain && len(r.Data) > 0 && len(r.Data) <= c.set.MaxValueSize
}
