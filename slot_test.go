package gibson_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson"
)

// TestClientAnyConnection has one connection hang while it is made and the
// other one come. Nobody who waits may care which of them it is.
func TestClientAnyConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{serve: answering(echo)}
		open := make(chan struct{})
		var dials atomic.Int64
		c, err := gibson.NewClient("tcp://fake", &gibson.ClientOptions{
			Conns: 2, MaxRetries: -1, HealthInterval: -1,
			Options: gibson.Options{
				DialTimeout: time.Hour,
				Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
					if dials.Add(1) == 1 {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					<-open
					return n.dial(ctx, network, address)
				},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var wg sync.WaitGroup
		for range 20 { // of whom some look at the one slot first, some at the other
			wg.Go(func() {
				if err := c.Ping(context.Background()); err != nil || time.Since(start) > 0 { // the bubble's clock is exact
					t.Errorf("after %v: %v", time.Since(start), err)
				}
			})
		}
		synctest.Wait()
		close(open)
		wg.Wait()
		c.Close()
		n.cut(true)
	})
}
