package gibson

import (
	"context"
	"time"
)

// lockPrefix precedes a key to form that of its lock.
const lockPrefix = "\x00gibson:lock:"

// lock tries to become the process that loads key: by creating the item of the
// lock, which fails while it is locked, and locking it, which succeeds for one
// of those who created it together. The item stays when the load is done, so
// that nobody deletes what another has created meanwhile, and ends by its ttl.
// The error matches ErrLocked if another process loads it; with any other one
// everybody is on his own. release is nil on error.
func (t *Typed[V]) lock(ctx context.Context, key string) (release func(), err error) {
	// A LOCK whose answer nobody waits for would hold up everybody for the
	// whole of LockTime, so the end of the load's context does not matter here.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.patience())
	defer cancel()
	side := lockPrefix + key
	start := time.Now()
	err = t.store.Set(ctx, side, []byte("1"), t.opts.LockTime)
	if err == nil {
		err = t.store.Lock(ctx, side, t.opts.LockTime)
	}
	if err != nil {
		return nil, err
	}
	return func() {
		if time.Since(start) >= t.opts.LockTime {
			return // it has expired, and may be another's by now
		}
		// The caller may be gone, others wait for the lock: not with ctx. If it
		// fails the lock ends by itself.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.patience())
		defer cancel()
		_ = t.store.Unlock(ctx, side)
	}, nil
}
