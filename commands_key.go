package gibson

import (
	"context"
	"strconv"
	"time"

	"github.com/gogibson/gibson/wire"
)

// Get returns the value of key, ErrNotFound if there is none. Of a number it
// returns the decimal digits. The slice belongs to the caller.
func (c *commands) Get(ctx context.Context, key string) ([]byte, error) {
	return c.GetInto(ctx, nil, key)
}

// GetInto appends what Get returns to dst and returns the extended slice; with
// room enough in dst it does not allocate. On error it returns dst. Until
// GetInto returns, dst belongs to it.
func (c *commands) GetInto(ctx context.Context, dst []byte, key string) ([]byte, error) {
	cl, err := c.begin(wire.OpGet, wantBytes, key)
	if err != nil {
		return dst, err
	}
	cl.dst = dst
	if err := c.run(ctx, cl, key); err != nil {
		return dst, err
	}
	val, err := c.decodeReply(cl.reply, cl.dst, len(dst))
	cl.free()
	if err != nil {
		return dst, refuse(wire.OpGet, key, err)
	}
	return val, nil
}

// Value returns the value of key and says whether it is a number, ErrNotFound
// if there is none.
func (c *commands) Value(ctx context.Context, key string) (Value, error) {
	cl, err := c.begin(wire.OpGet, wantReply, key)
	if err != nil {
		return Value{}, err
	}
	if err := c.run(ctx, cl, key); err != nil {
		return Value{}, err
	}
	r := cl.reply
	cl.free()
	r.Data, err = c.decodeReply(r, r.Data, 0)
	if err != nil {
		return Value{}, refuse(wire.OpGet, key, err)
	}
	return r.Value()
}

// GetInt returns the value of key as a number, whether the server holds it as
// one or as text; ErrNotANumber if it is other text.
func (c *commands) GetInt(ctx context.Context, key string) (int64, error) {
	cl, err := c.begin(wire.OpGet, wantInt, key)
	if err != nil {
		return 0, err
	}
	return c.number(ctx, cl, key)
}

// Set stores a copy of val under key for ttl, rounded up to whole seconds;
// zero or Forever for no expiry. What was there before is replaced altogether,
// unless it is locked: ErrLocked.
func (c *commands) Set(ctx context.Context, key string, val []byte, ttl time.Duration) error {
	if err := c.checkKey(wire.OpSet, key); err != nil {
		return err
	}
	if err := c.checkValue(wire.OpSet, key, val); err != nil {
		return err
	}
	s, err := seconds(ttl)
	if err != nil {
		return refuse(wire.OpSet, key, err)
	}
	cl := c.calls.newCall(wire.OpSet, wantCode)
	cl.req = strconv.AppendInt(cl.req, s, 10)
	cl.req = append(cl.req, ' ')
	cl.req = append(cl.req, key...)
	cl.req = append(cl.req, ' ')
	cl.req = append(cl.req, val...)
	return c.code(ctx, cl, key)
}

// Delete removes key. ErrNotFound if there is no such item, ErrLocked if it is
// locked.
func (c *commands) Delete(ctx context.Context, key string) error {
	return c.key(ctx, wire.OpDel, key)
}

// TTL starts the life of an item anew: it ends ttl from now, rounded up to
// whole seconds; zero or Forever takes the expiry away. ErrNotFound,
// ErrLocked.
func (c *commands) TTL(ctx context.Context, key string, ttl time.Duration) error {
	return c.keySeconds(ctx, wire.OpTTL, key, ttl)
}

// Inc adds one to a number and returns the sum. A missing item becomes 1.
// ErrNotANumber if the item is text that is no number or the sum would not fit
// 64 bits, ErrLocked if it is locked.
func (c *commands) Inc(ctx context.Context, key string) (int64, error) {
	return c.keyNumber(ctx, wire.OpInc, key)
}

// Dec subtracts one from a number and returns the difference. A missing item
// becomes -1. Errors are those of Inc.
func (c *commands) Dec(ctx context.Context, key string) (int64, error) {
	return c.keyNumber(ctx, wire.OpDec, key)
}

// Lock protects an item against changes for d, rounded up to whole seconds, or
// until unlocked with Forever; zero leaves it unlocked. There is no owner:
// everybody may unlock. ErrLocked if it is locked already, ErrNotFound.
func (c *commands) Lock(ctx context.Context, key string, d time.Duration) error {
	return c.keySeconds(ctx, wire.OpLock, key, d)
}

// Unlock ends an item's lock, whoever set it. It succeeds on an unlocked item
// too. ErrNotFound.
func (c *commands) Unlock(ctx context.Context, key string) error {
	return c.key(ctx, wire.OpUnlock, key)
}

func (c *commands) key(ctx context.Context, op wire.Opcode, key string) error {
	cl, err := c.begin(op, wantCode, key)
	if err != nil {
		return err
	}
	return c.code(ctx, cl, key)
}

func (c *commands) keySeconds(ctx context.Context, op wire.Opcode, key string, d time.Duration) error {
	cl, err := c.beginSeconds(op, wantCode, key, d)
	if err != nil {
		return err
	}
	return c.code(ctx, cl, key)
}

func (c *commands) keyNumber(ctx context.Context, op wire.Opcode, key string) (int64, error) {
	cl, err := c.begin(op, wantNumber, key)
	if err != nil {
		return 0, err
	}
	return c.number(ctx, cl, key)
}
