package gibson_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// pipe returns a connection to a server in this bubble.
func pipe(t *testing.T, opts *gibson.Options, serve func(net.Conn)) *gibson.Conn {
	t.Helper()
	o := *opts
	o.Dialer = func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			serve(there)
			there.Close()
		}()
		return here, nil
	}
	c, err := gibson.Dial(t.Context(), "tcp://pipe", &o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReadTimeout(t *testing.T) {
	for _, ctxName := range []string{"background", "cancellable"} {
		synctest.Test(t, func(t *testing.T) {
			ctx := context.Background()
			if ctxName == "cancellable" {
				ctx = t.Context()
			}
			delay := 900 * time.Millisecond
			c := pipe(t, &gibson.Options{ReadTimeout: time.Second}, answering(func(req wire.Request) []byte {
				time.Sleep(delay)
				return echo(req)
			}))
			defer c.Close()
			for range 30 { // slow, but never too slow; then idle for long
				if err := c.Ping(ctx); err != nil {
					t.Fatalf("a reply in time: %v", err)
				}
			}
			time.Sleep(time.Hour)
			if c.Closed() {
				t.Fatalf("an idle connection timed out: %v", c.Err())
			}
			if err := c.Ping(ctx); err != nil {
				t.Fatalf("after an hour: %v", err)
			}
			delay = 1100 * time.Millisecond
			start := time.Now()
			err := c.Ping(ctx)
			if !errors.Is(err, os.ErrDeadlineExceeded) || gibson.Unsent(err) {
				t.Errorf("a late reply: %v", err)
			}
			if d := time.Since(start); d != time.Second { // the bubble's clock is exact
				t.Errorf("noticed after %v", d)
			}
			if !c.Closed() {
				t.Error("the connection is open")
			}
			time.Sleep(time.Minute) // the server ends
		})
	}
}

// TestReadTimeoutProgress sends one reply in pieces, none of them late.
func TestReadTimeoutProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pipe(t, &gibson.Options{ReadTimeout: time.Second}, func(nc net.Conn) {
			next := requests(nc)
			for {
				req, ok := next()
				if !ok {
					return
				}
				for _, b := range echo(req) {
					time.Sleep(900 * time.Millisecond)
					nc.Write([]byte{b})
				}
			}
		})
		defer c.Close()
		for range 40 {
			if got, err := c.Get(context.Background(), "key"); err != nil || string(got) != "key" {
				t.Fatalf("Get = %q, %v", got, err)
			}
		}
	})
}

func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{})
		c := pipe(t, &gibson.Options{WriteTimeout: time.Second}, func(net.Conn) { <-wake })
		defer c.Close()
		defer close(wake)
		err := c.Ping(t.Context())
		if !errors.Is(err, os.ErrDeadlineExceeded) || !gibson.Unsent(err) {
			t.Errorf("Ping: %v, want a timeout, unsent", err)
		}
	})
}

// TestWatch checks with an exact clock that a connection whose callers read
// for themselves learns of its end while it is idle.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangUp := make(chan struct{})
		c := pipe(t, &gibson.Options{}, func(nc net.Conn) {
			go answering(echo)(nc)
			<-hangUp
		})
		defer c.Close()
		for range 100 {
			if err := c.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		close(hangUp)
		start := time.Now()
		<-c.Done()
		if d := time.Since(start); d > time.Second {
			t.Errorf("noticed after %v", d)
		}
	})
}
