package gibson

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/gogibson/gibson/wire"
)

// Conn is one connection to a server. Any number of goroutines may call its
// methods at once: their requests are sent without waiting for each other's
// replies, many in one write where they come together, and each call gets the
// reply to its own request. Package gibson's overview says what cancellation
// does.
//
// There is no goroutine that only writes, and none that only reads. Whoever
// finds nobody writing becomes the writer for a moment and sends what others
// have queued with its own; whoever is alone on the connection reads its reply
// itself. Only with company does a goroutine of the connection read.
type Conn struct {
	commands

	nc     net.Conn
	addr   string
	try    *tryWriter          // writes without blocking, nil where that is not possible
	room   *semaphore.Weighted // bytes of requests that may still be in flight
	most   int64               // all that room has
	polite bool                // reads can be interrupted, so that callers with a context may read

	readTimeout, writeTimeout time.Duration // of Options
	closed                    chan struct{} // closed when err is set

	in       inbox         // belongs to the reader
	arrivals atomic.Uint64 // how often the reader has read something
	pieces   atomic.Uint64 // how often more of something large was written
	refuses  atomic.Bool   // no call may be queued: ending or failed is set

	mu       sync.Mutex // protects the fields below
	err      error      // why the connection is closed: ErrClosed or a *lostError
	ending   bool       // END is queued: nothing may follow
	writing  bool       // there is a writer
	reading  bool       // there is a reader
	out      []byte     // requests that the writer will take
	spare    []byte     // what the writer took last, free for reuse once it takes again
	queue    []*call    // calls whose replies the reader has not claimed, oldest first
	inFlight int        // calls queued and not yet known to be answered
	queued   uint64     // calls ever queued
	taken    uint64     // of them, those whose requests may have reached the server
	failed   error      // why writing ended

	takenBefore uint64 // taken without the batch that is being written

	quit        <-chan struct{} // of the context of the caller that is the reader
	interrupted bool            // that context has ended: reads fail until it is resumed

	watch      *time.Timer // looks after a connection that nobody reads
	watched    bool        // watch is running
	watchStart uint64      // queued when watch was started
}

// newConn returns a Conn over nc, which it owns from now on.
func newConn(nc net.Conn, addr string, o Options) *Conn {
	c := &Conn{
		nc:      nc,
		addr:    addr,
		try:     newTryWriter(nc),
		room:    semaphore.NewWeighted(int64(o.MaxInFlight)),
		most:    int64(o.MaxInFlight),
		closed:  make(chan struct{}),
		in:      newInbox(o.MaxReplySize),
		reading: true,
		polite:  nc.SetReadDeadline(time.Time{}) == nil,

		readTimeout:  o.ReadTimeout,
		writeTimeout: o.WriteTimeout,
	}
	c.commands = newCommands(c, o)
	go c.readLoop()
	return c
}

// Addr returns the address that was dialed.
func (c *Conn) Addr() string { return c.addr }

// Close closes the connection. Calls in flight end with ErrClosed, as every
// later one does; of the former the server may have executed some. It returns
// nil, however often it is called.
func (c *Conn) Close() error {
	c.kill(ErrClosed)
	return nil
}

// Closed reports whether the connection is closed, by whomever.
func (c *Conn) Closed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// usable reports whether a call may be queued, as far as is known. A connection
// that is not will be closed once what was sent is answered.
func (c *Conn) usable() bool { return !c.refuses.Load() && !c.Closed() }

// signs returns a number that grows with every sign of life of the other side.
func (c *Conn) signs() uint64 { return c.arrivals.Load() + c.pieces.Load() }

// Done returns a channel that is closed when the connection is. A server that
// goes away is noticed within a fraction of a second on an idle connection.
func (c *Conn) Done() <-chan struct{} { return c.closed }

// Err returns nil while the connection is open and why it is not any more
// afterwards: ErrClosed after Close or End, else ErrConnectionLost, which wraps
// what went wrong.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// End asks the server to close the connection, and closes it when the server
// has answered. Calls that were queued before are answered; those behind it fail
// with ErrClosed and are not sent.
func (c *Conn) End(ctx context.Context) error {
	return c.code(ctx, c.calls.newCall(wire.OpEnd, wantCode), "")
}

// do sends a call and waits for its reply, as doer wants it.
func (c *Conn) do(ctx context.Context, cl *call) error {
	kept, err := c.submit(ctx, cl)
	if err != nil && kept {
		cl.free()
	}
	return err
}

// submit sends a call and waits for its reply or the end of ctx. Unless kept,
// the connection still holds the call, which must not be touched any more.
func (c *Conn) submit(ctx context.Context, cl *call) (kept bool, err error) {
	if err := ctx.Err(); err != nil {
		return true, &earlyError{cause: err}
	}
	cl.cost = min(int64(len(cl.req)), c.most)
	quit := ctx.Done()
	cl.patient = quit == nil
	if err := c.room.Acquire(ctx, cl.cost); err != nil {
		return true, &earlyError{cause: err}
	}
	read, err := c.send(cl, nil, true, quit)
	if err != nil {
		c.room.Release(cl.cost)
		return true, err
	}
	if read {
		return c.readFor(ctx, cl)
	}
	if quit == nil {
		<-cl.done
		return true, cl.err
	}
	select {
	case <-cl.done:
	case <-quit:
		if cl.abandon() {
			return false, ctx.Err()
		}
		<-cl.done
	}
	return true, cl.err
}

// kill closes the connection for the reason err, unless it is closed already.
// The reader ends what is in flight.
func (c *Conn) kill(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	if c.failed != nil && timedOut(err) {
		err = c.failed // the read only waited for the end
	}
	if err != ErrClosed {
		err = c.lost(err)
	}
	c.err = err
	c.out = nil // drain says that it was not sent
	if c.watch != nil {
		c.watch.Stop()
	}
	unread := !c.reading
	c.reading = true
	close(c.closed)
	c.mu.Unlock()
	c.hangUp(err == ErrClosed)
	if unread {
		c.drain()
	}
}

// hangUp closes the socket, which wakes reader and writer. There is nobody to
// tell if it fails. TLS says goodbye if asked to, which may take its time, so
// the reader is woken before.
func (c *Conn) hangUp(politely bool) {
	if tc, ok := c.nc.(*tls.Conn); ok {
		if !politely {
			_ = tc.NetConn().Close()
			return
		}
		_ = tc.SetReadDeadline(time.Unix(1, 0))
	}
	_ = c.nc.Close()
}

// lost returns the error of calls that were in flight when the connection
// broke.
func (c *Conn) lost(cause error) error { return &lostError{addr: c.addr, cause: cause} }

// drain ends every call in flight. It is the last act of the reader, whose
// role nobody takes up again: send refuses what comes now.
func (c *Conn) drain() {
	c.mu.Lock()
	err, taken := c.err, c.taken
	unsent := &unsentError{cause: err}
	if err == ErrClosed {
		err = errCut
	}
	rest := c.queue
	c.queue = nil
	c.mu.Unlock()
	for _, cl := range append(c.in.calls[c.in.head:], rest...) {
		cost := cl.cost
		if cl.seq > taken {
			cl.fail(unsent)
		} else {
			cl.fail(err)
		}
		c.room.Release(cost)
	}
	c.in.hook.release()
	c.in = inbox{}
}
