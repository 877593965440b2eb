package gibson

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Fetch returns the value of key, or what load returns if there is none, which
// it then stores for ttl.
//
// However many goroutines want a key that is missing, load runs once for all
// of them, in a goroutine of its own: it goes on when a caller's context ends,
// as long as one caller is left, and has the values of the first one's
// context. It ends with TypedOptions.LoadTimeout, whoever waits: callers then
// get an error that matches context.DeadlineExceeded, and the next Fetch loads
// anew even if load does not heed its context. The error of load or its panic
// reaches every caller.
//
// Other processes that Fetch the same key wait for the result as well, up to
// TypedOptions.LockTime; they know by an item that is locked while the load
// runs, under the key "\x00gibson:lock:" and key, which is in no family of
// the program's own. Should the server or Options.MaxKeySize refuse that key as
// too long, every process loads for itself. An original Gibson server does not
// bear that key in all commands, since it begins with NUL (docs/compat.md, "NUL
// in names"): with one, set TypedOptions.NoLock.
//
// A value that is there costs one request, GET. A miss costs seven, one after
// the other: GET, and around the load GET, SET and LOCK of the lock, GET, then
// SET of the value and UNLOCK. With NoLock there are three, GET, GET and SET.
//
// A load is worth more than its storing: if the server cannot be reached, or
// refuses the value, or holds something that cannot be decoded or is above
// Options.MaxReplySize, Fetch returns what load does. With TypedOptions.NegativeFor an ErrNotFound of load is
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
		if f == nil {
			return zero, fmt.Errorf("gibson: %q: %w", key, ErrClosed)
		}
		select {
		case <-f.done:
		case <-f.ctx.Done():
			if !f.isDone() { // load does not heed its context
				t.leave(key, f)
				return zero, fmt.Errorf("gibson: %q: load: %w", key, context.Cause(f.ctx))
			}
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

// isRefused reports whether the key itself is at fault.
func isRefused(err error) bool {
	var reply *replySizeError
	return errors.Is(err, ErrInvalidKey) || errors.Is(err, ErrTooLarge) && !errors.As(err, &reply)
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
			return zero, context.Cause(ctx)
		}
		if val, found, err := t.look(ctx, key); found {
			return val, err
		}
	}
	defer release()
	if mine && !t.opts.NoLock {
		// The one who had the lock before may have stored it.
		if val, found, err := t.look(ctx, key); found {
			return val, err
		}
	}
	if ctx.Err() != nil {
		return zero, context.Cause(ctx) // nobody waits for it any more
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
