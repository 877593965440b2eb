package gibson

import (
	"context"

	"github.com/gogibson/gibson/wire"
)

// doAll sends calls in order and waits for their replies. Of a call that it
// could not send, or whose connection broke, err says why. When ctx ends it
// replaces those that the connection still holds by others that say so.
func (c *Conn) doAll(ctx context.Context, calls []*call) {
	sent := 0
	var err error
	for sent < len(calls) && err == nil {
		n, cost := 0, int64(0)
		for _, cl := range calls[sent:] {
			cl.cost = min(int64(len(cl.req)), c.most)
			if n > 0 && cost+cl.cost > c.most {
				break
			}
			n++
			cost += cl.cost
			if cl.op == wire.OpEnd {
				break // what is behind it is refused
			}
		}
		if err = c.sendAll(ctx, calls[sent:sent+n], cost); err == nil {
			sent += n
		}
	}
	for _, cl := range calls[sent:] {
		cl.err = err
	}
	var quit error
	for i, cl := range calls[:sent] {
		if quit == nil {
			select {
			case <-cl.done:
				continue
			case <-ctx.Done():
				quit = ctx.Err()
			}
		}
		if cl.state.Load() == callDelivered {
			<-cl.done
			continue
		}
		given := cl.pool.givenUp(cl, quit) // while cl can still be read
		if cl.abandon() {
			calls[i] = given
		} else {
			given.free()
			<-cl.done
		}
	}
}

// sendAll queues calls one behind the other and has them written together. On
// error none of them is queued.
func (c *Conn) sendAll(ctx context.Context, calls []*call, cost int64) error {
	if err := ctx.Err(); err != nil {
		return &earlyError{cause: err}
	}
	if err := c.room.Acquire(ctx, cost); err != nil {
		return &earlyError{cause: err}
	}
	// The first call carries the requests of all.
	head := calls[0]
	head.patient = ctx.Done() == nil
	for _, cl := range calls[1:] {
		head.req = append(head.req, cl.req...)
	}
	if _, err := c.send(head, calls[1:], false, nil); err != nil {
		c.room.Release(cost)
		return err
	}
	return nil
}
