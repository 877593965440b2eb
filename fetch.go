package gibson

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// Fetch returns the value of key, or what load returns if there is none, which
// it then stores for ttl.
//
// However many goroutines want a key that is missing, load runs once for all
// of them, in a goroutine of its own: it goes on when a caller's context ends,
// as long as one caller is left, and has the values of the first one's
// context. Its error or its panic reaches every caller. Other processes that
// Fetch the same key wait for the result as well, up to
// TypedOptions.LockTime; they know by an item that is locked while the load
// runs, under the key "\x00gibson:lock:" and key, which is in no family of
// the program's own. Should the server or Options.MaxKeySize refuse that key as
// too long, every process loads for itself.
//
// A load is worth more than its storing: if the server cannot be reached, or
// refuses the value, or holds something that cannot be decoded, Fetch returns
// what load does. With TypedOptions.NegativeFor an ErrNotFound of load is
// stored as well.
func (t *Typed[V]) Fetch(ctx context.Context, key string, ttl time.Duration, load func(context.Context) (V, error)) (V, error) {
	var zero V
	if _, err := seconds(ttl); err != nil {
		return zero, err
	}
	it, err := t.get(ctx, key)
	switch {
	case ctx.Err() != nil:
		return zero, ctx.Err()
	case isRefused(err):
		return zero, err
	case err != nil:
	case it.absent && !it.stale:
		return zero, ErrNotFound
	case !it.stale:
		return it.val, nil
	case !it.absent && t.opts.StaleFor > 0:
		t.join(ctx, key, ttl, load, true)
		return it.val, nil
	}
	for {
		f := t.join(ctx, key, ttl, load, false)
		select {
		case <-f.done:
		case <-ctx.Done():
			t.leave(key, f)
			return zero, ctx.Err()
		}
		switch {
		case f.panicked != nil:
			panic(f.panicked)
		case f.err != errElsewhere:
			return f.val, f.err
		}
	}
}

// Wait returns when no load is running. With StaleFor a load may outlive every
// call; a program that ends, or a test, waits for it. What such a load returns
// or panics with is lost unless another Fetch waits for it. No Fetch may begin
// during Wait.
func (t *Typed[V]) Wait() { t.work.Wait() }

// isRefused reports whether the key itself is at fault.
func isRefused(err error) bool {
	return errors.Is(err, ErrInvalidKey) || errors.Is(err, ErrTooLarge)
}

// flight is one load in progress.
type flight[V any] struct {
	waiters int // callers, and one for a load in the background; under Typed.mu
	cancel  context.CancelFunc
	done    chan struct{} // closed when the fields below are set

	val      V
	err      error
	panicked any
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

// join returns the load of key that is in progress, or begins one. With
// background the load is to go on although nobody waits for it.
func (t *Typed[V]) join(ctx context.Context, key string, ttl time.Duration, load func(context.Context) (V, error), background bool) *flight[V] {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, ok := t.flights[key]
	switch {
	case ok && background:
		return f
	case ok:
		f.waiters++
		return f
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f = &flight[V]{waiters: 1, cancel: cancel, done: make(chan struct{}), err: errExited}
	t.flights[key] = f
	t.work.Go(func() { t.fly(ctx, f, key, ttl, load, background) })
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
		f.cancel()
	}
}

// fly runs a load and tells its outcome.
func (t *Typed[V]) fly(ctx context.Context, f *flight[V], key string, ttl time.Duration, load func(context.Context) (V, error), refresh bool) {
	defer func() {
		if r := recover(); r != nil {
			f.panicked = &PanicError{Value: r, Stack: debug.Stack()}
		}
		t.mu.Lock()
		if t.flights[key] == f {
			delete(t.flights, key)
		}
		t.mu.Unlock()
		f.cancel()
		close(f.done)
	}()
	f.val, f.err = t.load(ctx, key, ttl, load, refresh)
}

// load looks for the value once more, because another load may have ended
// between the caller's look and this one, and loads it if nobody else does.
func (t *Typed[V]) load(ctx context.Context, key string, ttl time.Duration, load func(context.Context) (V, error), refresh bool) (V, error) {
	var zero V
	if val, found, err := t.look(ctx, key); found {
		return val, err
	}
	release, mine := t.lock(ctx, key)
	for start := time.Now(); !mine && time.Since(start) < t.opts.LockTime; release, mine = t.lock(ctx, key) {
		if refresh {
			return zero, errElsewhere
		}
		pause := time.NewTimer(t.opts.PollInterval/2 + rand.N(t.opts.PollInterval))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return zero, ctx.Err()
		}
		if val, found, err := t.look(ctx, key); found {
			return val, err
		}
	}
	defer release()
	if mine {
		// The one who had the lock before may have stored it.
		if val, found, err := t.look(ctx, key); found {
			return val, err
		}
	}
	val, err := load(ctx)
	switch {
	case err == nil:
		_ = t.set(ctx, key, item[V]{val: val}, ttl) // documented: the value counts
	case errors.Is(err, ErrNotFound) && t.opts.NegativeFor > 0:
		_ = t.set(ctx, key, item[V]{absent: true}, t.opts.NegativeFor) // likewise
	}
	return val, err
}

// look returns what is stored under key, if it is fresh.
func (t *Typed[V]) look(ctx context.Context, key string) (val V, found bool, err error) {
	it, err := t.get(ctx, key)
	if err != nil || it.stale {
		return val, false, nil
	}
	if it.absent {
		return val, true, ErrNotFound
	}
	return it.val, true, nil
}

// lockPrefix precedes a key to form that of its lock.
const lockPrefix = "\x00gibson:lock:"

// lock tries to become the process that loads key: by creating the item of the
// lock, which fails while it is locked, and locking it, which succeeds for one
// of those who created it together. The item stays when the load is done, so
// that nobody deletes what another has created meanwhile, and ends by its ttl.
// Without a server everybody is on his own.
func (t *Typed[V]) lock(ctx context.Context, key string) (release func(), mine bool) {
	side := lockPrefix + key
	start := time.Now()
	err := t.store.Set(ctx, side, []byte("1"), t.opts.LockTime)
	if err == nil {
		err = t.store.Lock(ctx, side, t.opts.LockTime)
	}
	if errors.Is(err, ErrLocked) {
		return func() {}, false
	}
	if err != nil {
		return func() {}, true
	}
	return func() {
		if time.Since(start) >= t.opts.LockTime {
			return // it has expired, and may be another's by now
		}
		// The caller may be gone, others wait for the lock: not with ctx. If it
		// fails the lock ends by itself.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.opts.LockTime)
		defer cancel()
		_ = t.store.Unlock(ctx, side)
	}, true
}
