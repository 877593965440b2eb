package gibson

import (
	"runtime"
	"time"

	"github.com/gogibson/gibson/wire"
)

const (
	// crowd is the number of calls in flight from which a writer lets others
	// queue their requests before it writes.
	crowd = 4
	// maxRounds is how often a caller writes for others before a goroutine
	// takes over, so that it gets to its own reply.
	maxRounds = 8
	// maxSpare is the size up to which buffers of requests are kept, in bytes.
	maxSpare = 256 << 10
	// maxPiece is how much is written at once where writing may block, in
	// bytes, so that the progress of something larger is seen.
	maxPiece = 64 << 10
	// readRest is how long a connection that cannot be written to is read.
	readRest = time.Second
)

// The role of the writer: at most one goroutine has it (Conn.writing). It
// takes what is in Conn.out and writes it, until it finds nothing there. The
// caller that finds no writer becomes it, and gives the role to a writeLoop
// where writing could block or would take long: a caller must be able to
// leave when its context ends.

// send queues a call and the calls behind it, whose requests are in cl.req as
// well, and sees to it that they are written. read says that the caller, whose
// context ends with quit, has been given the role of the reader, which happens
// only if it is willing.
func (c *Conn) send(cl *call, behind []*call, willing bool, quit <-chan struct{}) (read bool, err error) {
	c.mu.Lock()
	if err := c.refusal(); err != nil {
		c.mu.Unlock()
		return false, err
	}
	c.enqueue(cl)
	for _, cl := range behind {
		c.enqueue(cl)
	}
	if !c.reading {
		c.reading = true
		if read = willing && (cl.patient || c.polite); read {
			c.quit = quit
		} else {
			go c.readLoop()
		}
	}
	if c.writing {
		c.out = append(c.out, cl.req...)
		c.mu.Unlock()
		return read, nil
	}
	c.writing = true
	if c.inFlight < crowd {
		c.takenBefore, c.taken = c.taken, c.queued
		c.mu.Unlock()
		c.write(cl.req, cl)
		return read, nil
	}
	c.out = append(c.out, cl.req...)
	c.mu.Unlock()
	// One write for many requests is worth more than writing at once.
	runtime.Gosched()
	c.mu.Lock()
	if len(c.out) == 0 { // kill has dropped it
		c.writing = false
		c.mu.Unlock()
		return read, nil
	}
	batch := c.take()
	c.mu.Unlock()
	c.write(batch, cl)
	return read, nil
}

// enqueue adds a call to those that wait for a reply. c.mu is held.
func (c *Conn) enqueue(cl *call) {
	c.queued++
	c.inFlight++
	cl.seq = c.queued
	c.queue = append(c.queue, cl)
	if c.inFlight == 1 && c.readTimeout > 0 {
		_ = c.resume()
	}
	if cl.op == wire.OpEnd {
		c.ending = true
		c.refuses.Store(true)
	}
}

// refusal returns why no call may be queued, nil if one may. c.mu is held.
func (c *Conn) refusal() error {
	switch {
	case c.err != nil:
		return &unsentError{cause: c.err}
	case c.failed != nil:
		return &unsentError{cause: c.lost(c.failed)}
	case c.ending:
		return &unsentError{cause: ErrClosed}
	}
	return nil
}

// take returns what is queued for writing. It is valid until the next take.
// c.mu is held.
func (c *Conn) take() []byte {
	batch := c.out
	if cap(c.spare) > maxSpare {
		c.spare = nil
	}
	c.out, c.spare = c.spare[:0], batch
	c.takenBefore, c.taken = c.taken, c.queued
	return batch
}

// write sends batch and what is queued meanwhile, on behalf of the caller of
// cl. It does not block where that caller could be cancelled, nor for requests
// of others: the caller may be the reader, without whom the server would stop
// reading in its turn.
func (c *Conn) write(batch []byte, cl *call) {
	for round := 0; ; round++ {
		n, err := 0, error(nil)
		switch {
		case c.try != nil:
			n, err = c.try.write(batch)
		case cl.patient && round == 0:
			n, err = c.blockingWrite(batch)
		}
		if err != nil {
			c.writeFailed(n, err)
			return
		}
		if n < len(batch) {
			go c.writeLoop(append([]byte{}, batch[n:]...), n)
			return
		}
		c.mu.Lock()
		if len(c.out) == 0 {
			c.writing = false
			c.mu.Unlock()
			return
		}
		batch = c.take()
		c.mu.Unlock()
		if round == maxRounds {
			// With the batch, not before it: were there nothing to write yet, a
			// failure would pass the batch before for one that was not sent.
			go c.writeLoop(batch, 0)
			return
		}
	}
}

// writeLoop writes what is left of a batch of which n bytes are written, which
// is at least one byte, and then what is queued until nothing is.
func (c *Conn) writeLoop(rest []byte, n int) {
	for {
		m, err := c.blockingWrite(rest)
		if err != nil {
			c.writeFailed(n+m, err)
			return
		}
		c.mu.Lock()
		if len(c.out) == 0 {
			c.writing = false
			c.mu.Unlock()
			return
		}
		rest, n = c.take(), 0
		c.mu.Unlock()
	}
}

// blockingWrite writes b, within the timeout for writes if there is one. It
// returns 0 only with an error, as b is not empty.
func (c *Conn) blockingWrite(b []byte) (n int, err error) {
	if c.writeTimeout > 0 {
		if err := c.nc.SetWriteDeadline(time.Now().Add(c.writeTimeout)); err != nil {
			return 0, err
		}
	}
	for n < len(b) {
		m, err := c.nc.Write(b[n:min(n+maxPiece, len(b))])
		n += m
		if err != nil {
			return n, err
		}
		if len(b) > maxPiece {
			c.moved()
		}
	}
	if c.writeTimeout > 0 {
		err = c.nc.SetWriteDeadline(time.Time{}) // tryWriter would meet it
	}
	return n, err
}

// moved notes that the other side has taken a piece of something large, which
// is a sign of life: a reply to it cannot be due before all is written. Small
// requests are none, for they go into the buffers of a dead connection too.
func (c *Conn) moved() {
	c.pieces.Add(1)
	if c.readTimeout > 0 {
		c.mu.Lock()
		_ = c.resume() // fails on a closed connection, which the next write will find
		c.mu.Unlock()
	}
}

// writeFailed ends the writing after n bytes of a batch. What the server has
// answered before it hung up is still to be read, so the reader is left a
// moment to meet the end of the stream.
func (c *Conn) writeFailed(n int, err error) {
	c.mu.Lock()
	if n == 0 {
		c.taken = c.takenBefore
	}
	c.failed = err
	c.refuses.Store(true)
	err = c.resume()
	c.mu.Unlock()
	if err != nil {
		c.kill(err)
	}
}
