package library

import (
	"context"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

type gomemcache struct{ c *memcache.Client }

func newGomemcache(_ context.Context, address string, goroutines int) (Client, error) {
	c := memcache.New(address)
	c.MaxIdleConns = goroutines
	// Its default of 500 ms is passed on a machine that does other things.
	c.Timeout = 10 * time.Second
	return gomemcache{c}, c.Ping()
}

func (c gomemcache) Getter() Get {
	return func(_ context.Context, key string) ([]byte, error) {
		item, err := c.c.Get(key)
		if err != nil {
			return nil, err
		}
		return item.Value, nil
	}
}

func (c gomemcache) Close() error { return c.c.Close() }
