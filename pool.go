package gibson

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/puddle/v2"
)

// ErrNotAcquired says that what Release was given is not from this pool, or
// was released before.
var ErrNotAcquired = errors.New("gibson: not acquired from this pool")

// Pool hands out connections for exclusive use.
type Pool = PoolOf[*Conn]

// PoolOf hands out connections, one to each user at a time, in the form that
// its factory gives them. Goroutines that can share connections are served
// better by a Client. A pool's own command methods acquire a connection for
// the time of the call.
//
// A connection that has been closed, by whomever, is neither handed out nor
// taken back: another one is made when it is needed. All methods are safe for
// concurrent use.
type PoolOf[T comparable] struct {
	commands

	addr    string
	puddle  *puddle.Pool[pooled[T]]
	waiting atomic.Int64
	closed  atomic.Bool

	mu  sync.Mutex // protects the field below
	out map[T]*puddle.Resource[pooled[T]]
}

// pooled is a connection and the form in which it is handed out.
type pooled[T any] struct {
	conn *Conn
	val  T
}

// PoolOptions are the settings of NewPool. Nil and the zero value stand for
// the defaults named with each field; a negative value is an error unless the
// field gives it a meaning.
type PoolOptions struct {
	// Options are those of every connection. A DialTimeout of zero stands for
	// 5 seconds here.
	Options

	// MinSize is the number of connections made at once. Zero stands for 10,
	// or MaxSize if that is less; a negative value for none.
	MinSize int

	// MaxSize is the largest number of connections. Zero stands for 10, or
	// MinSize if that is more.
	MaxSize int
}

// NewPool connects MinSize times to the server at address, which is one of
// Dial, and returns the pool of these connections. ctx bounds the connecting.
func NewPool(ctx context.Context, address string, opts *PoolOptions) (*Pool, error) {
	return NewPoolOf(ctx, address, opts, func(c *Conn) (*Conn, error) { return c, nil })
}

// NewPoolOf is NewPool with a factory, which turns every new connection into
// what Acquire returns. No two results of the factory may be equal. If it
// fails the connection is closed, and NewPoolOf or Acquire returns an error that
// wraps the factory's: match it with errors.Is and errors.As.
func NewPoolOf[T comparable](ctx context.Context, address string, opts *PoolOptions, factory func(*Conn) (T, error)) (*PoolOf[T], error) {
	o, err := opts.resolved()
	if err != nil {
		return nil, err
	}
	t, err := splitAddress(address)
	if err != nil {
		return nil, err
	}
	p := &PoolOf[T]{addr: address, out: map[T]*puddle.Resource[pooled[T]]{}}
	p.commands = newCommands(p, o.Options)
	p.puddle, err = puddle.NewPool(&puddle.Config[pooled[T]]{
		Constructor: func(ctx context.Context) (pooled[T], error) {
			conn, err := t.dial(ctx, o.Options)
			if err != nil {
				return pooled[T]{}, &earlyError{cause: err}
			}
			val, err := factory(conn)
			if err != nil {
				_ = conn.Close() // always nil
				return pooled[T]{}, &earlyError{cause: err}
			}
			return pooled[T]{conn, val}, nil
		},
		Destructor: func(item pooled[T]) { _ = item.conn.Close() },
		MaxSize:    int32(o.MaxSize),
	})
	if err != nil {
		return nil, fmt.Errorf("gibson: %w", err)
	}
	for range o.MinSize {
		if err := p.puddle.CreateResource(ctx); err != nil {
			p.puddle.Close()
			return nil, err
		}
	}
	return p, nil
}

// resolved returns a copy of o with its defaults filled in.
func (o *PoolOptions) resolved() (PoolOptions, error) {
	const size = 10
	var r PoolOptions
	if o != nil {
		r = *o
	}
	var err error
	if r.Options, err = r.Options.resolved(); err != nil {
		return PoolOptions{}, err
	}
	setDefault(&r.DialTimeout, 5*time.Second)
	setDefault(&r.MaxSize, max(size, r.MinSize))
	setDefault(&r.MinSize, min(size, r.MaxSize))
	if r.MaxSize < 1 || r.MaxSize > 1<<20 || r.MinSize > r.MaxSize {
		return PoolOptions{}, fmt.Errorf("gibson: PoolOptions: MinSize %d, MaxSize %d, want MinSize at most MaxSize and that 1 to %d",
			r.MinSize, r.MaxSize, 1<<20)
	}
	return r, nil
}

// Addr returns the address that the pool was made with.
func (p *PoolOf[T]) Addr() string { return p.addr }

// Acquire returns a connection that nobody else has, until Release. With all
// MaxSize in use it waits, in order, for one to be released. If ctx ends
// before, the error is an *AcquireError; if no connection can be made, one that
// wraps why. Match it with errors.Is and errors.As.
func (p *PoolOf[T]) Acquire(ctx context.Context) (T, error) {
	var zero T
	res, err := p.acquire(ctx)
	if err != nil {
		return zero, err
	}
	val := res.Value().val
	p.mu.Lock()
	_, twice := p.out[val]
	if !twice {
		p.out[val] = res
	}
	p.mu.Unlock()
	if twice {
		p.put(res)
		return zero, fmt.Errorf("gibson: the pool's factory made two equal values: %v", val)
	}
	return val, nil
}

// Release gives back what Acquire returned. ErrNotAcquired if it is of another
// pool or was given back before.
func (p *PoolOf[T]) Release(val T) error {
	p.mu.Lock()
	res, ok := p.out[val]
	delete(p.out, val)
	p.mu.Unlock()
	if !ok {
		return ErrNotAcquired
	}
	p.put(res)
	return nil
}

// With calls fn with a connection that is given back when fn returns or
// panics, and returns its error.
func (p *PoolOf[T]) With(ctx context.Context, fn func(T) error) error {
	val, err := p.Acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = p.Release(val) }() // fn may have released it
	return fn(val)
}

// Clear closes the connections that are not in use. Those in use stay.
func (p *PoolOf[T]) Clear() {
	for _, res := range p.puddle.AcquireAllIdle() {
		res.Destroy()
	}
}

// Close closes the connections and waits until those in use have been
// released. Acquire fails with ErrClosed from now on. It returns nil, however
// often it is called.
func (p *PoolOf[T]) Close() error {
	p.closed.Store(true)
	p.puddle.Close()
	return nil
}

// acquire returns an open connection for exclusive use.
func (p *PoolOf[T]) acquire(ctx context.Context) (*puddle.Resource[pooled[T]], error) {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	for {
		res, err := p.puddle.Acquire(ctx)
		switch {
		case err == nil && res.Value().conn.usable():
			return res, nil
		case err == nil:
			res.Destroy()
		case errors.Is(err, puddle.ErrClosedPool) || p.closed.Load(): // whether or not ctx has ended
			return nil, &overError{cause: &unsentError{cause: ErrClosed}}
		case ctx.Err() != nil:
			st := p.Stat()
			return nil, &AcquireError{Size: st.Size, InUse: st.InUse, MaxSize: st.MaxSize, Waiting: st.Waiting - 1, Err: ctx.Err()}
		default:
			return nil, err
		}
	}
}

// put gives an acquired connection back, unless it is closed or about to be.
func (p *PoolOf[T]) put(res *puddle.Resource[pooled[T]]) {
	if !res.Value().conn.usable() {
		res.Destroy()
		return
	}
	res.Release()
}

// do sends a call over a connection of its own.
func (p *PoolOf[T]) do(ctx context.Context, cl *call) error {
	res, err := p.acquire(ctx)
	if err != nil {
		cl.free()
		return err
	}
	defer p.put(res)
	return res.Value().conn.do(ctx, cl)
}

// doAll sends calls over a connection of their own.
func (p *PoolOf[T]) doAll(ctx context.Context, calls []*call) {
	res, err := p.acquire(ctx)
	if err != nil {
		for _, cl := range calls {
			cl.err = err
		}
		return
	}
	defer p.put(res)
	res.Value().conn.doAll(ctx, calls)
}
