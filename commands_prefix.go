package gibson

import (
	"context"
	"iter"
	"strconv"
	"time"

	"github.com/gogibson/gibson/wire"
)

// MSet gives every unlocked item whose key begins with prefix the value val
// and no expiry, and returns how many there were: 0 and no error for none.
func (c *commands) MSet(ctx context.Context, prefix string, val []byte) (int64, error) {
	if err := c.checkValue(wire.OpMSet, prefix, val); err != nil {
		return 0, err
	}
	cl, err := c.begin(wire.OpMSet, wantNumber, prefix)
	if err != nil {
		return 0, err
	}
	cl.req = append(cl.req, ' ')
	cl.req = append(cl.req, val...)
	return c.affected(ctx, cl, prefix)
}

// MTTL does what TTL does to every unlocked item under prefix and returns how
// many there were.
func (c *commands) MTTL(ctx context.Context, prefix string, ttl time.Duration) (int64, error) {
	return c.familySeconds(ctx, wire.OpMTTL, prefix, ttl)
}

// MInc adds one to every unlocked number under prefix and returns how many
// there were. Items that are no numbers are left alone.
func (c *commands) MInc(ctx context.Context, prefix string) (int64, error) {
	return c.family(ctx, wire.OpMInc, prefix)
}

// MDec subtracts one from every unlocked number under prefix and returns how
// many there were. Items that are no numbers are left alone.
func (c *commands) MDec(ctx context.Context, prefix string) (int64, error) {
	return c.family(ctx, wire.OpMDec, prefix)
}

// MLock does what Lock does to every unlocked item under prefix and returns
// how many there were.
func (c *commands) MLock(ctx context.Context, prefix string, d time.Duration) (int64, error) {
	return c.familySeconds(ctx, wire.OpMLock, prefix, d)
}

// MUnlock ends the lock of every item under prefix and returns how many items
// there are, locked before or not.
func (c *commands) MUnlock(ctx context.Context, prefix string) (int64, error) {
	return c.family(ctx, wire.OpMUnlock, prefix)
}

// MDelete removes every unlocked item under prefix, at once for every other
// client, and returns how many there were.
func (c *commands) MDelete(ctx context.Context, prefix string) (int64, error) {
	return c.family(ctx, wire.OpMDel, prefix)
}

// Count returns the number of items under prefix.
func (c *commands) Count(ctx context.Context, prefix string) (int64, error) {
	return c.family(ctx, wire.OpCount, prefix)
}

// MGet returns keys and values under prefix in the server's order, which is
// ascending except with the original server: at most limit of them, all if
// limit is zero or less. They are of one moment and were all received before
// MGet returns, so the sequence may be walked at leisure and again. Nothing
// under prefix is an empty sequence. Bytes of the values belong to the caller.
func (c *commands) MGet(ctx context.Context, prefix string, limit int) (iter.Seq2[string, Value], error) {
	cl, err := c.begin(wire.OpMGet, wantReply, prefix)
	if err != nil {
		return nil, err
	}
	if limit > 0 {
		cl.req = append(cl.req, ' ')
		cl.req = strconv.AppendInt(cl.req, int64(limit), 10)
	}
	r, err := c.pairs(ctx, cl, prefix)
	if err != nil {
		return nil, err
	}
	return func(yield func(string, Value) bool) {
		for k, v := range r.Pairs() {
			if !yield(string(k), v) {
				return
			}
		}
	}, nil
}

// Keys returns the keys under prefix, in order and of one moment as MGet has
// them.
func (c *commands) Keys(ctx context.Context, prefix string) (iter.Seq[string], error) {
	cl, err := c.begin(wire.OpKeys, wantReply, prefix)
	if err != nil {
		return nil, err
	}
	r, err := c.pairs(ctx, cl, prefix)
	if err != nil {
		return nil, err
	}
	return func(yield func(string) bool) {
		for _, v := range r.Pairs() { // the keys of these pairs are 0, 1, 2…
			if !yield(v.String()) {
				return
			}
		}
	}, nil
}

func (c *commands) family(ctx context.Context, op wire.Opcode, prefix string) (int64, error) {
	cl, err := c.begin(op, wantNumber, prefix)
	if err != nil {
		return 0, err
	}
	return c.affected(ctx, cl, prefix)
}

func (c *commands) familySeconds(ctx context.Context, op wire.Opcode, prefix string, d time.Duration) (int64, error) {
	cl, err := c.beginSeconds(op, wantNumber, prefix, d)
	if err != nil {
		return 0, err
	}
	return c.affected(ctx, cl, prefix)
}

// affected runs a call that is answered with a number of items, for none with
// NOT_FOUND.
func (c *commands) affected(ctx context.Context, cl *call, prefix string) (int64, error) {
	n, err := c.number(ctx, cl, prefix)
	if err == ErrNotFound {
		err = nil
	}
	return n, err
}

// pairs runs a call that is answered with pairs, for none with NOT_FOUND.
func (c *commands) pairs(ctx context.Context, cl *call, prefix string) (Reply, error) {
	switch err := c.run(ctx, cl, prefix); err {
	case nil:
		r := cl.reply
		cl.free()
		return r, nil
	case ErrNotFound:
		return Reply{}, nil
	default:
		return Reply{}, err
	}
}
