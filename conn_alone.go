package gibson

import (
	"context"
	"errors"
	"net"
	"time"
)

// readFor reads until cl is answered or ctx ends, and passes the role of the
// reader on. The results are those of submit.
func (c *Conn) readFor(ctx context.Context, cl *call) (kept bool, err error) {
	if !cl.patient {
		c.in.hook.set(ctx, c)
		// An end of ctx before send noted its channel has interrupted nobody.
		if err := ctx.Err(); err != nil {
			return c.leave(cl, err)
		}
	}
	for len(cl.done) == 0 {
		if err := c.step(); err != nil {
			if c.wasInterrupted(err) {
				return c.leave(cl, ctx.Err())
			}
			c.kill(err)
			c.drain()
			<-cl.done
			return true, cl.err
		}
		if c.readTimeout > 0 {
			c.mu.Lock()
			_ = c.resume() // there was progress
			c.mu.Unlock()
		}
	}
	<-cl.done
	c.handOver()
	return true, cl.err
}

// leave ends the reading of a caller whose context has ended with err.
func (c *Conn) leave(cl *call, err error) (kept bool, _ error) {
	abandoned := cl.abandon()
	c.handOver()
	if abandoned {
		return false, err
	}
	<-cl.done
	return true, cl.err
}

// handOver passes the role of a reader that was a caller on.
func (c *Conn) handOver() {
	c.in.hook.rest()
	c.mu.Lock()
	c.quit = nil
	stale := c.interrupted
	c.interrupted = false
	c.settle(stale)
	if c.inFlight == 0 {
		c.rest()
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.in.solo = 0
	go c.readLoop()
}

// interrupt wakes the caller that reads, if its context is the one that has
// ended with quit.
func (c *Conn) interrupt(quit <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quit == quit && !c.interrupted {
		c.interrupted = true
		_ = c.nc.SetReadDeadline(time.Unix(1, 0)) // it did work when the connection was made
	}
}

// wasInterrupted reports whether that is why a read failed.
func (c *Conn) wasInterrupted(err error) bool {
	if !timedOut(err) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.interrupted
}

// resume sets the deadline that reads have while nobody is interrupted. c.mu
// is held.
func (c *Conn) resume() error {
	if c.interrupted {
		return nil // handOver will call again
	}
	var t time.Time
	switch {
	case c.failed != nil:
		t = time.Now().Add(readRest)
	case c.readTimeout > 0 && c.inFlight > 0:
		t = time.Now().Add(c.readTimeout)
	}
	return c.nc.SetReadDeadline(t)
}

// settle notes the calls that the reader has answered. stale says that the
// deadline for reads must be set anew; with a timeout it always must. c.mu is
// held.
func (c *Conn) settle(stale bool) {
	c.inFlight -= c.in.answered
	c.in.answered = 0
	if stale || c.readTimeout > 0 {
		_ = c.resume() // fails on a closed connection, which the next read will find
	}
}

func timedOut(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// hook is the context that can interrupt the reader. It is kept from call to
// call once two in a row had the same, for a new hook is not free; a context of
// one call must not keep it, because its end would then start a goroutine to
// tell nobody. It belongs to the reader.
type hook struct {
	quit  <-chan struct{} // of the context that was set last
	stop  func() bool     // nil while there is no hook
	again bool            // it was set twice in a row
}

// set makes ctx the context that interrupts the reader of c.
func (h *hook) set(ctx context.Context, c *Conn) {
	quit := ctx.Done()
	h.again = quit == h.quit
	if h.again && h.stop != nil {
		return
	}
	h.unhook()
	h.quit = quit
	h.stop = context.AfterFunc(ctx, func() { c.interrupt(quit) })
}

// rest ends the hook after a call, unless the next call is likely to have the
// same context.
func (h *hook) rest() {
	if !h.again {
		h.unhook()
	}
}

func (h *hook) unhook() {
	if h.stop != nil {
		h.stop()
		h.stop = nil
	}
}

// release forgets the context.
func (h *hook) release() {
	h.unhook()
	*h = hook{}
}
