package gibson

import (
	"io"
	"time"

	"github.com/gogibson/gibson/wire"
)

const (
	// soloCalls is how many calls in a row must have had the connection to
	// themselves before its goroutine leaves the reading to the callers.
	soloCalls = 16
	// watchEvery is how long a connection may be idle before a goroutine
	// waits on it to notice its end.
	watchEvery = 100 * time.Millisecond
)

// The role of the reader: at most one goroutine has it (Conn.reading). It
// alone touches Conn.in, takes calls from the front of the queue and answers
// them. While there is no reader there is no call in flight either: send sees
// to one. The role passes from
//
//   - readLoop, which has it from the start, to nobody, when soloCalls callers
//     in a row were alone and could have read for themselves;
//   - nobody to the caller that sends next (readFor), or to a readLoop if that
//     caller could not be interrupted;
//   - readFor to a readLoop if others came meanwhile or its context ended, else
//     to nobody;
//   - nobody to a readLoop when the connection has been idle for watchEvery.
//
// On a closed connection the last reader drains the queue and keeps the role.

// readLoop reads until it has been alone long enough or the connection ends.
func (c *Conn) readLoop() {
	c.in.hook.release()
	for {
		if err := c.step(); err != nil {
			c.kill(err)
			c.drain()
			return
		}
		c.mu.Lock()
		c.settle(false)
		if c.inFlight > 0 {
			c.in.solo = 0
		} else if c.in.solo >= soloCalls {
			c.rest()
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
	}
}

// rest ends the role of the reader while nothing is in flight. c.mu is held.
func (c *Conn) rest() {
	c.reading = false
	if c.err != nil {
		c.in.hook.release()
		return
	}
	if c.watched {
		return
	}
	c.watched, c.watchStart = true, c.queued
	if c.watch == nil {
		c.watch = time.AfterFunc(watchEvery, c.watchIdle)
	} else {
		c.watch.Reset(watchEvery)
	}
}

// watchIdle becomes the reader of a connection that has been idle, so that its
// end does not go unnoticed until the next call.
func (c *Conn) watchIdle() {
	c.mu.Lock()
	c.watched = false
	if c.err != nil || c.reading {
		c.mu.Unlock()
		return
	}
	if c.queued != c.watchStart {
		c.rest()
		c.mu.Unlock()
		return
	}
	c.reading = true
	c.mu.Unlock()
	c.readLoop()
}

// step waits for bytes and answers the calls whose replies are complete. The
// error is final.
func (c *Conn) step() error {
	in := &c.in
	n, readErr := c.nc.Read(in.space())
	in.end += n
	if n > 0 {
		c.arrivals.Add(1)
	}
	err := c.answer()
	if in.credit > 0 {
		c.room.Release(in.credit)
		in.credit = 0
	}
	if err != nil || readErr == nil {
		return err
	}
	if readErr == io.EOF && (in.start < in.end || in.skip > 0) {
		return io.ErrUnexpectedEOF // in the middle of a reply
	}
	return readErr
}

// answer answers every call whose reply is complete, or will not be kept.
func (c *Conn) answer() error {
	in := &c.in
	before := in.answered
	for {
		in.drop()
		if size, ok := in.tooLarge(); ok {
			if err := c.answerTooLarge(size); err != nil {
				return err
			}
			continue
		}
		r, n, ok, err := in.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		cl := c.claim()
		if cl == nil {
			return errUnasked
		}
		in.start += n
		if err := c.answerOne(cl, r, n, cl.keeps() && in.lend(r)); err != nil {
			return err
		}
	}
	if in.huge() {
		if err := c.answerHuge(); err != nil {
			return err
		}
	}
	if in.answered-before > 1 {
		in.solo = 0
	}
	return nil
}

// errUnasked says that a reply came while no request was waiting for one.
var errUnasked error = &ProtocolError{Msg: "reply without a request"}

// answerTooLarge answers a call whose reply, of that size, is above
// Options.MaxReplySize. Only who wants the data is told.
func (c *Conn) answerTooLarge(size int) error {
	cl := c.claim()
	if cl == nil {
		return errUnasked
	}
	code := c.in.code()
	c.in.pass(size)
	if cl.want == wantCode || cl.op == wire.OpEnd {
		return c.answerOne(cl, Reply{Code: code}, size, false)
	}
	c.note(cl)
	cl.reject(code, size, &replySizeError{size: size - wire.ReplyHeaderSize, most: c.in.most})
	return nil
}

// answerHuge answers a call that does not want the data of a reply whose
// header is there, if the data is too much for the buffer. What a SET of a
// large value echoes takes no memory that way.
func (c *Conn) answerHuge() error {
	cl := c.peek()
	if cl == nil {
		return errUnasked
	}
	code := c.in.code()
	if code != wire.CodeVal || cl.want != wantCode && cl.state.Load() != callAbandoned {
		return nil
	}
	size := c.in.end - c.in.start + c.in.missing()
	c.in.pass(size)
	return c.answerOne(c.claim(), Reply{Code: code}, size, false)
}

// answerOne ends one call and notes that.
func (c *Conn) answerOne(cl *call, r Reply, size int, owned bool) error {
	c.note(cl)
	if cl.op == wire.OpEnd { // even if refused: so is what is behind it
		c.kill(ErrClosed) // before End returns
		cl.deliver(r, size, owned)
		return ErrClosed
	}
	cl.deliver(r, size, owned)
	return nil
}

// note counts a call that is about to be answered.
func (c *Conn) note(cl *call) {
	c.in.answered++
	c.in.credit += cl.cost
	c.in.solo++
}

// claim takes the oldest call that has no reply yet, nil if there is none.
func (c *Conn) claim() *call {
	cl := c.peek()
	if cl != nil {
		c.in.calls[c.in.head] = nil
		c.in.head++
	}
	return cl
}

// peek returns what claim would, and leaves it there. The whole queue is
// claimed at once, so that the lock is taken once for many replies.
func (c *Conn) peek() *call {
	in := &c.in
	if in.head == len(in.calls) {
		c.mu.Lock()
		in.calls, c.queue = c.queue, in.calls[:0]
		in.head = 0
		c.inFlight -= in.answered
		in.answered = 0
		c.mu.Unlock()
		if len(in.calls) == 0 {
			return nil
		}
	}
	return in.calls[in.head]
}
