package gibson_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// TestAllocations guards what a call costs the heap. The server answers
// without allocating, so that everything counted is the client's.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools drop what they hold")
	}
	value := wire.AppendValue(nil, make([]byte, 100))
	number := wire.AppendNumber(nil, 12345)
	missing := wire.AppendCode(nil, wire.CodeNotFound)
	for ctxName, ctx := range map[string]context.Context{"background": context.Background(), "cancellable": t.Context()} {
		buf := make([]byte, 0, 200)
		val := make([]byte, 100)
		for _, tc := range []struct {
			name  string
			reply []byte
			most  float64
			call  func(*gibson.Conn) error
		}{
			{"Get", value, 1, func(c *gibson.Conn) error { _, err := c.Get(ctx, benchKey); return err }},
			{"GetInto", value, 0, func(c *gibson.Conn) error { _, err := c.GetInto(ctx, buf, benchKey); return err }},
			{"GetInt", number, 0, func(c *gibson.Conn) error { _, err := c.GetInt(ctx, benchKey); return err }},
			{"Get of nothing", missing, 0, func(c *gibson.Conn) error {
				if _, err := c.Get(ctx, benchKey); !errors.Is(err, gibson.ErrNotFound) {
					return err
				}
				return nil
			}},
			{"Set", value, 0, func(c *gibson.Conn) error { return c.Set(ctx, benchKey, val, 0) }},
			{"Inc", number, 0, func(c *gibson.Conn) error { _, err := c.Inc(ctx, benchKey); return err }},
			{"MDelete", number, 0, func(c *gibson.Conn) error { _, err := c.MDelete(ctx, benchKey); return err }},
			{"Count of nothing", missing, 0, func(c *gibson.Conn) error { _, err := c.Count(ctx, benchKey); return err }},
		} {
			t.Run(ctxName+"/"+tc.name, func(t *testing.T) {
				c := dial(t, fake(t, func(nc net.Conn) { serveConstant(nc, tc.reply) }), nil)
				run := func() {
					if err := tc.call(c); err != nil {
						t.Fatal(err)
					}
				}
				for range 100 {
					run()
				}
				if n := testing.AllocsPerRun(500, run); n > tc.most {
					t.Errorf("%v allocations, want at most %v", n, tc.most)
				}
			})
		}
	}
}
