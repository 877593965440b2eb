package gibson

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Client is a server reached over a few connections that all goroutines share.
// It connects in the background, at once and again whenever a connection is
// lost, so a Client outlives restarts of its server. A call that finds no
// connection waits for the first one to be made and fails if an attempt does; a
// call whose connection breaks is repeated where that can do no harm: see
// SafeToRetry and ClientOptions.RetryWrites.
//
// A call that was answered happened before those that its goroutine makes
// afterwards, whichever connections they take. One that was not, since its
// context ended or its connection broke, may still be executed later, after
// such calls: nothing orders what two connections bring to a server. Who gives
// up a SET and then makes another one of the same key may find the first one's
// value; on one Conn, where requests stay in order, that cannot happen.
type Client struct {
	commands

	target target
	opts   ClientOptions
	ctx    context.Context // ends with Close
	stop   context.CancelFunc
	slots  []*slot
	work   sync.WaitGroup // the goroutines of the slots

	mu      sync.Mutex // protects the field below
	opening *attempt   // the next one of any slot that succeeds

	dials, failures, retries atomic.Uint64
}

// ClientOptions are the settings of NewClient. Nil and the zero value stand
// for the defaults named with each field; a negative value is an error unless
// the field gives it a meaning.
type ClientOptions struct {
	// Options are those of every connection. A DialTimeout of zero stands for
	// 5 seconds here.
	Options

	// Conns is the number of connections. Zero stands for half of GOMAXPROCS,
	// but at least one and at most four: one serves hundreds of goroutines
	// best, because they share its system calls.
	Conns int

	// MinBackoff is the longest wait before the first attempt to connect after
	// one that failed, or whose connection was lost before it was of any use.
	// It doubles from attempt to attempt up to MaxBackoff, and every wait is
	// between half of it and the whole, by chance. Zero stands for 10
	// milliseconds and 1 second.
	MinBackoff, MaxBackoff time.Duration

	// MaxRetries is how often one call is repeated. Zero stands for 3, a
	// negative value for never.
	MaxRetries int

	// RetryWrites has SET, DEL, TTL, UNLOCK, MSET, MDEL, MTTL and MUNLOCK
	// repeated as well when it is not known whether the server has executed
	// them. The last one to be executed wins: if another client's change came
	// between, it is lost. The first attempt may even be executed after the
	// repetition has been answered, if the server had it unread when its
	// connection broke, and undo what was changed since, by this Client too.
	// And a DEL that is repeated may report ErrNotFound although it was what
	// deleted the item.
	RetryWrites bool

	// HealthInterval is how often a connection is checked by a PING. Zero
	// stands for 10 seconds; a negative value turns the checks off.
	HealthInterval time.Duration

	// HealthTimeout is how long the answer to such a PING may take. If nothing
	// else arrives meanwhile either, and no large request makes progress, the
	// connection is closed: its calls end with ErrConnectionLost. Progress is
	// seen in steps of 64 KiB, so a network that takes less of a request in a
	// HealthTimeout, 13 KiB a second with the default, wants a longer one.
	// Zero stands for DialTimeout.
	HealthTimeout time.Duration
}

// NewClient returns a Client of the server at address, which is one of Dial,
// and begins to connect. It does not wait for that: Ping does.
func NewClient(address string, opts *ClientOptions) (*Client, error) {
	o, err := opts.resolved()
	if err != nil {
		return nil, err
	}
	t, err := splitAddress(address)
	if err != nil {
		return nil, err
	}
	c := &Client{target: t, opts: o, opening: newAttempt()}
	c.commands = newCommands(c, o.Options)
	c.ctx, c.stop = context.WithCancel(context.Background())
	for range o.Conns {
		s := &slot{c: c, next: newAttempt()}
		c.slots = append(c.slots, s)
		c.work.Go(s.run)
	}
	return c, nil
}

// resolved returns a copy of o with its defaults filled in.
func (o *ClientOptions) resolved() (ClientOptions, error) {
	var r ClientOptions
	if o != nil {
		r = *o
	}
	var err error
	if r.Options, err = r.Options.resolved(); err != nil {
		return ClientOptions{}, err
	}
	if r.Conns < 0 || r.MinBackoff < 0 || r.MaxBackoff < 0 || r.HealthTimeout < 0 {
		return ClientOptions{}, fmt.Errorf("gibson: ClientOptions: Conns %d, MinBackoff %v, MaxBackoff %v, HealthTimeout %v, want 0 or more",
			r.Conns, r.MinBackoff, r.MaxBackoff, r.HealthTimeout)
	}
	setDefault(&r.DialTimeout, 5*time.Second)
	setDefault(&r.Conns, max(1, min(4, runtime.GOMAXPROCS(0)/2)))
	setDefault(&r.MinBackoff, 10*time.Millisecond)
	setDefault(&r.MaxBackoff, max(time.Second, r.MinBackoff))
	setDefault(&r.MaxRetries, 3)
	setDefault(&r.HealthInterval, 10*time.Second)
	setDefault(&r.HealthTimeout, r.DialTimeout)
	if r.MinBackoff > r.MaxBackoff {
		return ClientOptions{}, fmt.Errorf("gibson: ClientOptions: MinBackoff %v is above MaxBackoff %v", r.MinBackoff, r.MaxBackoff)
	}
	return r, nil
}

// setDefault gives *p the value def if it is zero.
func setDefault[T comparable](p *T, def T) {
	var zero T
	if *p == zero {
		*p = def
	}
}

// Addr returns the address that NewClient was given.
func (c *Client) Addr() string { return c.target.address }

// Close closes all connections and waits for what the Client does in the
// background. Calls in flight end with ErrClosed, as every later one does; of
// the former the server may have executed some. SafeToRetry is false for all of
// them. It returns nil, however often it is called.
func (c *Client) Close() error {
	c.stop()
	c.work.Wait()
	return nil
}

// Closed reports whether Close has been called. Unlike a Conn, a Client closes
// for no other reason: while its server is away it is open and connects again.
func (c *Client) Closed() bool { return c.ctx.Err() != nil }

// Done returns a channel that is closed as soon as Close has been called, and
// before it returns.
func (c *Client) Done() <-chan struct{} { return c.ctx.Done() }

// ClientStat is a snapshot of a Client's state and counters.
type ClientStat struct {
	Conns     int    // connections there should be
	Open      int    // connections there are
	Dials     uint64 // attempts to connect so far
	Failures  uint64 // of them, those that failed
	Retries   uint64 // calls repeated so far
	LastError error  // why a connection was lost or not made last, nil if all are open
}

// Stat returns the Client's state.
func (c *Client) Stat() ClientStat {
	st := ClientStat{
		Conns:    len(c.slots),
		Dials:    c.dials.Load(),
		Failures: c.failures.Load(),
		Retries:  c.retries.Load(),
	}
	for _, s := range c.slots {
		if s.open() != nil {
			st.Open++
			continue
		}
		s.mu.Lock()
		if s.lastErr != nil {
			st.LastError = s.lastErr
		}
		s.mu.Unlock()
	}
	return st
}

// do sends a call over one of the connections, and again over the next where
// that is allowed.
func (c *Client) do(ctx context.Context, cl *call) error {
	for try := 0; ; try++ {
		kept := true
		conn, err := c.conn(ctx)
		if err == nil {
			kept, err = conn.submit(ctx, cl)
		}
		switch {
		case err == nil:
			return nil
		case !kept:
			return err
		case try >= c.opts.MaxRetries || !c.mayRepeat(ctx, cl, err):
			cl.free()
			return c.final(err)
		}
		c.retries.Add(1)
		cl.reset()
	}
}

// mayRepeat reports whether a call that failed with err is made again.
func (c *Client) mayRepeat(ctx context.Context, cl *call, err error) bool {
	switch {
	case ctx.Err() != nil || c.ctx.Err() != nil:
		return false
	case isUnsent(err):
		return true
	case isLost(err) && !isBreach(err): // who sends garbage would again
		r := repeatable(cl.op)
		return r == always || r == byOptIn && c.opts.RetryWrites
	}
	return false
}

// final returns err as the end of a call, which the Close of the Client makes
// final unless the end of its context had that call given up.
func (c *Client) final(err error) error {
	if c.ctx.Err() == nil || !isUnsent(err) && !isLost(err) && !isCut(err) {
		return err
	}
	return &overError{cause: err}
}

// doAll sends calls over one connection. They are not repeated.
func (c *Client) doAll(ctx context.Context, calls []*call) {
	conn, err := c.conn(ctx)
	if err == nil {
		conn.doAll(ctx, calls)
	}
	for _, cl := range calls {
		if err != nil {
			cl.err = err
		}
		if cl.err != nil {
			cl.err = c.final(cl.err)
		}
	}
}

// conn returns an open connection, waiting for one if there is none.
func (c *Client) conn(ctx context.Context) (*Conn, error) {
	if c.ctx.Err() != nil {
		return nil, &unsentError{cause: ErrClosed}
	}
	first := 0
	if len(c.slots) > 1 {
		first = rand.IntN(len(c.slots))
	}
	if conn := c.open(first); conn != nil {
		return conn, nil
	}
	conn, err := c.wait(ctx, c.slots[first])
	if err != nil && c.ctx.Err() != nil && ctx.Err() == nil {
		err = &unsentError{cause: ErrClosed}
	}
	return conn, err
}

// open returns an open connection, nil if there is none. It looks at the slots
// from first on.
func (c *Client) open(first int) *Conn {
	for i := range c.slots {
		if conn := c.slots[(first+i)%len(c.slots)].open(); conn != nil {
			return conn
		}
	}
	return nil
}

// wait waits for any slot to have a connection, or for the next attempt of s
// to fail.
func (c *Client) wait(ctx context.Context, s *slot) (*Conn, error) {
	c.mu.Lock()
	opening := c.opening
	c.mu.Unlock()
	s.mu.Lock()
	own := s.next
	s.mu.Unlock()
	if conn := c.open(0); conn != nil { // made since the caller looked
		return conn, nil
	}
	select {
	case <-opening.done:
		return opening.conn, nil
	case <-own.done:
		if own.err != nil {
			if conn := c.open(0); conn != nil {
				return conn, nil
			}
		}
		return own.conn, own.err
	case <-ctx.Done():
		return nil, &earlyError{cause: ctx.Err()}
	}
}

// announce tells all who wait that there is a connection.
func (c *Client) announce(conn *Conn) {
	c.mu.Lock()
	a := c.opening
	c.opening = newAttempt()
	c.mu.Unlock()
	a.conn = conn
	close(a.done)
}
