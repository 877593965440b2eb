package gibson

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// flight is one load in progress.
type flight[V any] struct {
	ctx     context.Context // of the load; its cause says why it had to end
	cancel  context.CancelCauseFunc
	key     string
	waiters int // callers, and one for a load in the background; under Typed.mu

	told chan struct{} // closed when out is set: before the value is stored
	out  outcome[V]

	done     chan struct{} // closed at the end, after told
	panicked any           // set by then
}

// outcome is what a load comes to.
type outcome[V any] struct {
	val V
	err error
}

// tell sets the outcome of the load, once: later calls do nothing. If the time
// of the load is over it is that, because its callers may have left with it.
// Only the goroutine of the load calls it.
func (f *flight[V]) tell(val V, err error) {
	if isClosed(f.told) {
		return
	}
	f.out = outcome[V]{val: val, err: err}
	if f.ctx.Err() != nil {
		f.out = outcome[V]{err: f.late()}
	}
	close(f.told)
}

// late returns the error of callers whose load has not returned in time.
func (f *flight[V]) late() error {
	return fmt.Errorf("gibson: %q: load: %w", f.key, context.Cause(f.ctx))
}

// isClosed reports whether c, to which nothing is sent, is closed.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// PanicError is what callers of Fetch panic with when load did.
type PanicError struct {
	Value any    // what load panicked with
	Stack []byte // where, as debug.Stack has it: the callers' own stacks do not lead there
}

// Error returns the value in words, and the stack below it.
func (e *PanicError) Error() string {
	return fmt.Sprintf("gibson: loader panicked: %v\n\n%s", e.Value, e.Stack)
}

// errElsewhere is the result of a load in the background that another process
// is doing already. A caller that has joined it begins one of its own.
var errElsewhere = errors.New("gibson: loaded by another process")

// errExited is the result of a load that called runtime.Goexit.
var errExited = errors.New("gibson: loader ended its goroutine")

// join returns the load of key that is in progress, or begins one; nil after
// Close if it would have to. With background the load is to go on although
// nobody waits for it; with blind it does not look for a value before.
func (t *Typed[V]) join(ctx context.Context, key string, ttl time.Duration, load func(context.Context) (V, error), background, blind bool) *flight[V] {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, ok := t.flights[key]
	if ok && f.ctx.Err() != nil {
		ok = false // a load that does not heed its context: not waited for
	}
	switch {
	case ok && background:
		return f
	case ok:
		f.waiters++
		return f
	case t.closed:
		return nil
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	ctx, stop := context.WithTimeout(ctx, t.opts.LoadTimeout)
	f = &flight[V]{ctx: ctx, cancel: cancel, key: key, waiters: 1, told: make(chan struct{}), done: make(chan struct{})}
	t.flights[key] = f
	t.running++
	go func() {
		defer stop()
		t.fly(f, key, ttl, load, background, blind)
	}()
	return f
}

// leave takes a caller from those who wait for a load, which ends with the
// last of them.
func (t *Typed[V]) leave(key string, f *flight[V]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.waiters--; f.waiters == 0 {
		if t.flights[key] == f {
			delete(t.flights, key) // who comes now wants a load that goes on
		}
		f.cancel(nil)
	}
}

// fly runs a load and tells its outcome.
func (t *Typed[V]) fly(f *flight[V], key string, ttl time.Duration, load func(context.Context) (V, error), refresh, blind bool) {
	defer func() {
		if r := recover(); r != nil && f.ctx.Err() == nil { // else callers have left
			f.panicked = &PanicError{Value: r, Stack: debug.Stack()}
		}
		var zero V
		f.tell(zero, errExited) // if load did not return
		t.land(key, f)
		f.cancel(nil)
	}()
	t.load(f, key, ttl, load, refresh, blind)
}

// land tells the outcome of a load, which whoever comes from now on does not
// get.
func (t *Typed[V]) land(key string, f *flight[V]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.flights[key] == f {
		delete(t.flights, key)
	}
	close(f.done)
	if t.running--; t.running == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// Wait returns at a moment at which no load is running. With StaleFor a load
// may outlive every call; a test, for one, waits for it. What such a load
// returns or panics with is lost unless another Fetch waits for it. A program
// that ends, whose other goroutines may still call Fetch, uses Close.
func (t *Typed[V]) Wait() {
	if idle := t.whenIdle(); idle != nil {
		<-idle
	}
}

// Close ends the loading and waits for it. From now on a Fetch that would have
// to load fails with ErrClosed, and one that finds a stale value returns it and
// leaves it at that; Get, Set and MGet work on, as the store is not closed.
// Close returns nil when no load is running any more. If ctx ends before, it
// ends the contexts of the loads and returns ctx's error: Wait returns when the
// loads have. The callers of a load that has not returned by then get ErrClosed,
// whatever it does in the end. Close may be called again, and by several
// goroutines at once.
func (t *Typed[V]) Close(ctx context.Context) error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	idle := t.whenIdle()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.flights {
		f.cancel(ErrClosed)
	}
	return ctx.Err()
}

// whenIdle returns a channel that is closed when no load is running, nil if
// that is so now.
func (t *Typed[V]) whenIdle() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running == 0 {
		return nil
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	return t.idle
}
