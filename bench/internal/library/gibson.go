package library

import (
	"context"

	"github.com/gogibson/gibson"
)

type gibsonClient struct {
	conn *gibson.Conn
	into bool
}

func newGibson(ctx context.Context, address string, _ int) (Client, error) {
	conn, err := gibson.Dial(ctx, address, nil)
	if err != nil {
		return nil, err
	}
	return gibsonClient{conn: conn}, nil
}

func newGibsonInto(ctx context.Context, address string, _ int) (Client, error) {
	conn, err := gibson.Dial(ctx, address, nil)
	if err != nil {
		return nil, err
	}
	return gibsonClient{conn: conn, into: true}, nil
}

func (c gibsonClient) Getter() Get {
	if !c.into {
		return c.conn.Get
	}
	buf := make([]byte, 0, 1024)
	return func(ctx context.Context, key string) ([]byte, error) {
		v, err := c.conn.GetInto(ctx, buf[:0], key)
		if err == nil {
			buf = v
		}
		return v, err
	}
}

func (c gibsonClient) Close() error { return c.conn.Close() }
