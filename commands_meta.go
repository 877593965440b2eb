package gibson

import (
	"context"

	"github.com/gogibson/gibson/wire"
)

// MetaSize returns how many bytes the value of key takes in the server: 8 for
// a number, the compressed size of a compressed value. ErrNotFound.
func (c *commands) MetaSize(ctx context.Context, key string) (int64, error) {
	return c.meta(ctx, key, "size")
}

// MetaEncoding returns how the server holds the value of key: 0 as it is, 1
// compressed, 2 as a number. ErrNotFound.
func (c *commands) MetaEncoding(ctx context.Context, key string) (int64, error) {
	return c.meta(ctx, key, "encoding")
}

// MetaAccess returns the time, in Unix seconds, of the last command before
// this one that read or changed the item. ErrNotFound.
func (c *commands) MetaAccess(ctx context.Context, key string) (int64, error) {
	return c.meta(ctx, key, "access")
}

// MetaCreated returns the time, in Unix seconds, at which the item was stored.
// ErrNotFound.
func (c *commands) MetaCreated(ctx context.Context, key string) (int64, error) {
	return c.meta(ctx, key, "created")
}

// MetaTTL returns the seconds that the item was given to live, -1 for no
// expiry. ErrNotFound.
func (c *commands) MetaTTL(ctx context.Context, key string) (int64, error) {
	return c.meta(ctx, key, "ttl")
}

// MetaLeft returns the whole seconds that the item has still to live, -1 for
// no expiry. ErrNotFound.
func (c *commands) MetaLeft(ctx context.Context, key string) (int64, error) {
	return c.meta(ctx, key, "left")
}

// MetaLock returns the seconds that the item was locked for: -1 until
// unlocked, 0 if it is not locked or no longer. ErrNotFound.
func (c *commands) MetaLock(ctx context.Context, key string) (int64, error) {
	return c.meta(ctx, key, "lock")
}

func (c *commands) meta(ctx context.Context, key, field string) (int64, error) {
	cl, err := c.begin(wire.OpMeta, wantNumber, key)
	if err != nil {
		return 0, err
	}
	cl.req = append(cl.req, ' ')
	cl.req = append(cl.req, field...)
	return c.number(ctx, cl, key)
}
