package gibson_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// TestClientTurnedAway has servers that are there and of no use, as one with
// max_clients connections is. They count as one that cannot be reached.
func TestClientTurnedAway(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"closes at once": func(net.Conn) {},
		"sends garbage":  func(nc net.Conn) { nc.Write([]byte("HTTP/1.1 400 Bad Request\r\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var room atomic.Bool
				n := &network{serve: func(nc net.Conn) {
					if room.Load() {
						answering(echo)(nc)
						return
					}
					serve(nc)
				}}
				c := n.client(t, gibson.ClientOptions{Conns: 1})
				defer c.Close()
				time.Sleep(time.Hour)
				if d := n.count(); d < 3600 || d > 7300 { // every 0.5 to 1 s at last
					t.Errorf("%d attempts in an hour", d)
				}
				room.Store(true)
				time.Sleep(2 * time.Second)
				if err := c.Ping(t.Context()); err != nil {
					t.Errorf("Ping of a server that has room again: %v", err)
				}
				n.cut(false)
				start := time.Now() // what has worked is replaced without a wait
				if err := c.Ping(t.Context()); err != nil || time.Since(start) > 0 {
					t.Errorf("Ping after %v: %v", time.Since(start), err)
				}
			})
		})
	}
}

// deaf is a connection that nothing can be written to from some moment on,
// while reading it just waits.
type deaf struct {
	net.Conn
	now *atomic.Bool
}

func (d deaf) Write(b []byte) (int, error) {
	if d.now.Load() {
		return 0, errDeaf
	}
	return d.Conn.Write(b)
}

var errDeaf = errors.New("nobody listens")

// TestClientDeaf checks that calls wait for a new connection when the one they
// would take is read for a last moment only.
func TestClientDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{serve: answering(echo)}
		first := new(atomic.Bool)
		c, err := gibson.NewClient("tcp://fake", &gibson.ClientOptions{Conns: 1, Options: gibson.Options{
			Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
				nc, err := n.dial(ctx, network, addr)
				if n.count() == 1 {
					nc = deaf{nc, first}
				}
				return nc, err
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		first.Store(true)
		var wg sync.WaitGroup
		for range 3 { // the first finds out, the others come in the last moment
			wg.Go(func() {
				if err := c.Ping(t.Context()); err != nil {
					t.Errorf("Ping: %v, want the answer of a new connection", err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if d := n.count(); d != 2 {
			t.Errorf("%d connections, want 2", d)
		}
	})
}

// TestPoolEnding checks that a connection is not taken back while it waits for
// the answer to END, behind which nothing can be sent.
func TestPoolEnding(t *testing.T) {
	addr := fake(t, func(nc net.Conn) {
		next := requests(nc)
		for req, ok := next(); ok; req, ok = next() {
			if req.Op != wire.OpEnd {
				nc.Write(echo(req))
			}
		}
	})
	p := newPool(t, addr, &gibson.PoolOptions{MaxSize: 1})
	err := p.With(t.Context(), func(c *gibson.Conn) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		return c.End(ctx)
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("End: %v", err)
	}
	if err := p.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

// TestSafeToRetryBeforeSending has contexts end while nothing is sent yet: any
// command may be made again.
func TestSafeToRetryBeforeSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		check := func(what string, err error, want error) {
			t.Helper()
			if !errors.Is(err, want) || errors.Is(err, gibson.ErrClosed) || !gibson.SafeToRetry(err) {
				t.Errorf("%s: %v, safe to retry %v, want %v that is", what, err, gibson.SafeToRetry(err), want)
			}
		}

		silent := &network{serve: func(nc net.Conn) { io.Copy(io.Discard, nc) }}
		conn, err := gibson.Dial(t.Context(), "tcp://fake", &gibson.Options{Dialer: silent.dial, MaxInFlight: 30})
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Inc(ended, "k")
		check("Inc of a context that has ended", err, context.Canceled)
		batch := conn.Pipeline()
		batch.Do("inc", "k")
		_, err = batch.Exec(ended)
		check("Exec of a context that has ended", err, context.Canceled)

		var wg sync.WaitGroup
		wg.Go(func() { // has all the room
			_, err := conn.Inc(t.Context(), "a:key:of:more:than:thirty:bytes")
			if !errors.Is(err, gibson.ErrClosed) || gibson.SafeToRetry(err) {
				t.Errorf("sent: %v, safe to retry %v", err, gibson.SafeToRetry(err))
			}
		})
		synctest.Wait()
		_, err = conn.Inc(soon, "k")
		check("Inc that waits for room", err, context.DeadlineExceeded)
		conn.Close()
		wg.Wait()
		silent.cut(true)

		hung, cancel := context.WithCancel(t.Context())
		client, err := gibson.NewClient("tcp://fake", &gibson.ClientOptions{Options: gibson.Options{
			Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, cancel)
		_, err = client.Inc(hung, "k")
		check("Inc that waits for a connection", err, context.Canceled)
		client.Close()
	})
}
