package cli

import (
	"context"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// request sends one command over a connection of its own and returns what the
// server answered, refusals included. The error is that there is no answer.
func request(ctx context.Context, address string, c wire.Command, args []any) (wire.Reply, error) {
	conn, err := gibson.Dial(ctx, address, nil)
	if err != nil {
		return wire.Reply{}, err
	}
	defer conn.Close()
	return conn.Do(ctx, c.Name, args...)
}
