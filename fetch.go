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
// context. Its time ends with TypedOptions.LoadTimeout, whoever waits: if load
// has not returned by then, callers get an error that matches
// context.DeadlineExceeded, whatever load does in the end, and the next Fetch
// loads anew even if load does not heed its context. Otherwise the error of
// load or its panic reaches every caller.
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
// Options.MaxReplySize, Fetch returns what load does. As soon as a request is
// not answered, load runs without the lock and without further questions. How
// long that takes to be noticed is for ctx and the store to say with the first
// GET; each of the later steps, of which SET and LOCK of the lock are one, has
// TypedOptions.LockTime or a quarter of TypedOptions.LoadTimeout, whichever is
// less. With TypedOptions.NegativeFor an ErrNotFound of load is stored as well.
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
		t.join(ctx, key, ttl, load, true, false)
		return it.val, nil
	}
	blind := err != nil && !isAnswer(err)
	for {
		f := t.join(ctx, key, ttl, load, false, blind)
		if f == nil {
			return zero, fmt.Errorf("gibson: %q: %w", key, ErrClosed)
		}
		select {
		case <-f.done:
		case <-f.ctx.Done(): // after done as well
		case <-ctx.Done():
			t.leave(key, f)
			return zero, ctx.Err()
		}
		switch {
		case isClosed(f.done):
			if f.panicked != nil {
				panic(f.panicked)
			}
		case isClosed(f.told): // it only remains to be stored
			t.leave(key, f)
		default:
			t.leave(key, f)
			return zero, f.late()
		}
		if f.out.err != errElsewhere {
			return f.out.val, f.out.err
		}
	}
}

// isRefused reports whether the key itself is at fault.
func isRefused(err error) bool {
	var reply *replySizeError
	return errors.Is(err, ErrInvalidKey) || errors.Is(err, ErrTooLarge) && !errors.As(err, &reply)
}

// load loads the value unless it is there by now, tells that as the outcome of
// f, and stores it. With blind it does not look, as the server does not answer.
func (t *Typed[V]) load(f *flight[V], key string, ttl time.Duration, load func(context.Context) (V, error), refresh, blind bool) {
	var found *outcome[V]
	if !blind {
		var release func()
		if found, release = t.claim(f.ctx, key, refresh); release != nil {
			defer release()
			// The one who had the lock before may have stored it.
			found, _ = t.look(f.ctx, key) // without an answer: load
		}
	}
	switch {
	case found != nil:
		f.tell(found.val, found.err)
		return
	case f.ctx.Err() != nil:
		return // nobody waits for it any more
	}
	val, err := load(f.ctx)
	f.tell(val, err)
	if f.ctx.Err() != nil {
		return // too late: nothing of it counts
	}
	ctx, cancel := context.WithTimeout(f.ctx, t.patience())
	defer cancel()
	switch {
	case err == nil:
		_ = t.set(ctx, key, item[V]{val: val}, ttl) // documented: the value counts
	case errors.Is(err, ErrNotFound) && t.opts.NegativeFor > 0:
		_ = t.set(ctx, key, item[V]{absent: true}, t.opts.NegativeFor) // likewise
	}
}

// claim looks for the value once more, because another load may have ended
// between the caller's look and this one, and has this process be the one that
// loads it: release is not nil if it holds the lock. While another one does, it
// waits for the value, or with refresh finds errElsewhere. It returns nothing
// when ctx ends, and as soon as a request is not answered.
func (t *Typed[V]) claim(ctx context.Context, key string, refresh bool) (found *outcome[V], release func()) {
	var start time.Time
	for {
		if found, err := t.look(ctx, key); found != nil || err != nil || t.opts.NoLock {
			return found, nil
		}
		if start.IsZero() {
			start = time.Now()
		}
		release, err := t.lock(ctx, key)
		switch {
		case !errors.Is(err, ErrLocked):
			return nil, release
		case refresh:
			return &outcome[V]{err: errElsewhere}, nil
		case time.Since(start) >= t.opts.LockTime:
			return nil, nil
		}
		pause := time.NewTimer(t.opts.PollInterval/2 + rand.N(t.opts.PollInterval))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, nil
		}
	}
}

// look returns what is stored under key, nil if nothing fresh is. The error
// says that the server did not answer, within patience for instance.
func (t *Typed[V]) look(ctx context.Context, key string) (*outcome[V], error) {
	ctx, cancel := context.WithTimeout(ctx, t.patience())
	defer cancel()
	it, err := t.get(ctx, key)
	switch {
	case err != nil && !isAnswer(err):
		return nil, err
	case err != nil || it.stale:
		return nil, nil
	case it.absent:
		return &outcome[V]{err: ErrNotFound}, nil
	}
	return &outcome[V]{val: it.val}, nil
}

// patience returns how long a load waits for the answer to one request. A look,
// the lock and another look leave a part of LoadTimeout to the load.
func (t *Typed[V]) patience() time.Duration { return min(t.opts.LockTime, t.opts.LoadTimeout/4) }

// isAnswer reports whether err, of a look, comes of what the server answered.
func isAnswer(err error) bool {
	for _, answer := range [...]error{ErrNotFound, ErrServer, ErrLocked, ErrNotANumber, ErrMemoryLimit, ErrTooLarge} {
		if errors.Is(err, answer) {
			return true
		}
	}
	var bad *itemError
	return errors.As(err, &bad)
}
