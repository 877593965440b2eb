package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"math"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// request sends one command over a connection of its own and returns what the
// server answered. side, if not nil, is for TLS, and key for messages. NOT_FOUND is a reply like others, any
// other refusal an error.
func request(ctx context.Context, address string, side *tls.Config, c wire.Command, key string, args []any) (wire.Reply, error) {
	// How long a list may be is the server's to say.
	conn, err := gibson.Dial(ctx, address, &gibson.Options{MaxReplySize: math.MaxInt32, TLS: side})
	if err != nil {
		return wire.Reply{}, err
	}
	defer func() { _ = conn.Close() }() // the answer is there or will not come
	reply, err := conn.Do(ctx, c.Name, args...)
	if errors.Is(err, gibson.ErrNotFound) {
		return reply, nil
	}
	if refused := new(gibson.CommandError); errors.As(err, &refused) {
		return reply, &gibson.CommandError{Command: c.Name, Key: key, Err: refused.Err}
	}
	return reply, err
}
