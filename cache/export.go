package cache

import (
	"io"
	"math"
	"time"
)

// Form is how a value is stored, as META reports it.
type Form uint8

// The forms of a value.
const (
	FormPlain      Form = Form(plain)      // as it was set
	FormCompressed Form = Form(compressed) // as an S2 block
	FormNumber     Form = Form(number)     // of 64 bits
)

// Record is one item with all that belongs to it, as [Export] hands it out and
// [Cache.Import] takes it. Times are those of the wall clock, so that a record
// may be read by another process, later.
type Record struct {
	Key    []byte
	Data   []byte // the value in its Form; nil for a number
	Number int64  // of FormNumber
	Form   Form
	// Age is for how long the item was not used, in a unit that only serves to
	// compare items of one export: 0 is the least, 255 the most. It is 0 as long
	// as nothing is evicted.
	Age uint8

	Created  uint32 // unix seconds
	Accessed uint32 // unix seconds

	TTL  uint32 // the life that was given, in seconds; 0 if the item does not end
	Ends int64  // when it ends, in unix milliseconds, if it does

	// LockSeconds is for how long the item was locked, -1 until it is unlocked;
	// 0 if it is not locked.
	LockSeconds int64
	LockEnds    int64 // when the lock ends, in unix milliseconds, if it does
}

// What Export copies under one lock: at most so many items, and no further item
// once it has so many bytes.
const (
	exportItems = 128
	exportBytes = 64 << 10
	// exportVisits bounds the items that a step looks at; those that are over
	// are among them.
	exportVisits = 1 << 10
)

// Export returns a walk through all items, from the least key to the greatest.
// It is for copies of the cache that another process reads: a snapshot.
func (c *Cache) Export() *Export { return &Export{c: c} }

// Export is a walk through the items of a Cache, a few at a time: no lock is
// held between two calls of Next, and no more is copied than what the next call
// returns. It is not one atomic step. An item that is there all the time is
// seen exactly once, with a value that it had meanwhile; one that comes or goes
// meanwhile may be seen or not; no key is seen twice. It is no access to the
// items. It is for one goroutine.
type Export struct {
	c       *Cache
	from    []byte // where the next step begins
	last    []byte // the last key that was dealt with
	done    bool
	records []Record
	buf     []byte // keys and values of records
}

// Next returns the next items, in ascending byte order of their keys. They and
// their bytes are valid until the next call. It returns io.EOF once there are
// no more, and ErrClosed once the cache is closed: what was seen until then is
// not everything.
func (e *Export) Next() ([]Record, error) {
	e.records, e.buf = e.records[:0], e.buf[:0]
	if cap(e.buf) > keptBuffer {
		e.buf = nil
	}
	for len(e.records) == 0 {
		if e.done {
			return nil, io.EOF
		}
		if err := e.step(); err != nil {
			return nil, err
		}
	}
	return e.records, nil
}

// step copies the next items. To read is all it does, so others may read
// beside it.
func (e *Export) step() error {
	c := e.c
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return ErrClosed
	}
	now := c.time.now()
	offset := c.time.wallOffset()
	e.done = true
	visits := 0
	c.tree.Walk(nil, e.from, func(key, rec []byte) bool {
		if visits++; visits > exportVisits {
			e.done = false
			return false
		}
		it := item(rec)
		if c.over(it, now) {
			e.last = append(e.last[:0], key...)
			return true
		}
		r := Record{Form: Form(it.encoding()), Age: uint8(c.evictor.age(it)), Created: it.created(), Accessed: it.accessed()}
		stored := it.value()
		if !e.hold(len(key) + len(stored)) {
			e.done = false
			return false
		}
		r.Key = e.keep(key)
		if r.Form == FormNumber {
			r.Number = it.number()
		} else {
			r.Data = e.keep(stored)
		}
		if id := it.timer(); id != 0 {
			t := c.wheel.timers.at(id)
			r.TTL, r.Ends = t.note, t.deadline+offset
		}
		if it.locked() {
			if l := decodeLock(c.locks.Find(key)); l.deadline > now.ms {
				r.LockSeconds = l.seconds
				if l.deadline != never {
					r.LockEnds = min(l.deadline, math.MaxInt64-max(offset, 0)) + offset
				}
			}
		}
		e.records = append(e.records, r)
		e.last = append(e.last[:0], key...)
		return true
	})
	e.from = after(e.from[:0], e.last)
	return nil
}

// hold makes room for n bytes and reports whether the step may have them. The
// buffer never moves while records point into it.
func (e *Export) hold(n int) bool {
	if len(e.records) == 0 {
		if cap(e.buf) < n {
			e.buf = make([]byte, 0, max(n, exportBytes))
		}
		return true
	}
	return len(e.records) < exportItems && len(e.buf)+n <= min(cap(e.buf), exportBytes)
}

// keep copies b into the buffer.
func (e *Export) keep(b []byte) []byte {
	n := len(e.buf)
	e.buf = append(e.buf, b...)
	return e.buf[n:len(e.buf):len(e.buf)]
}

// wallOffset returns the milliseconds by which the wall clock is ahead of the
// monotonic one.
func (k *timekeeper) wallOffset() int64 { return k.offset.Load() / int64(time.Millisecond) }
