package library

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
)

type goRedis struct{ c *redis.Client }

func newGoRedis(ctx context.Context, address string, _ int) (Client, error) {
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: address})
	return goRedis{c}, c.Ping(ctx).Err()
}

func (c goRedis) Getter() Get {
	return func(ctx context.Context, key string) ([]byte, error) { return c.c.Get(ctx, key).Bytes() }
}

func (c goRedis) Close() error { return c.c.Close() }

type rueidisClient struct{ c rueidis.Client }

func newRueidis(_ context.Context, address string, _ int) (Client, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{address}, ForceSingleClient: true, DisableCache: true,
		DialCtxFn: func(ctx context.Context, _ string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return d.DialContext(ctx, "unix", address)
		},
	})
	if err != nil {
		return nil, err
	}
	return rueidisClient{c}, nil
}

func (c rueidisClient) Getter() Get {
	return func(ctx context.Context, key string) ([]byte, error) {
		return c.c.Do(ctx, c.c.B().Get().Key(key).Build()).AsBytes()
	}
}

func (c rueidisClient) Close() error {
	c.c.Close()
	return nil
}
