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

// gated is a connection whose steps wait until a test lets them go on.
type gated struct {
	eof, write, close chan struct{}
	writes            atomic.Int64
}

func (g *gated) Read([]byte) (int, error) { <-g.eof; return 0, io.EOF }

func (g *gated) Write(b []byte) (int, error) {
	g.writes.Add(1)
	<-g.write
	return len(b), nil
}

func (g *gated) Close() error                     { <-g.close; return nil }
func (g *gated) LocalAddr() net.Addr              { return nil }
func (g *gated) RemoteAddr() net.Addr             { return nil }
func (g *gated) SetDeadline(time.Time) error      { return nil }
func (g *gated) SetReadDeadline(time.Time) error  { return nil }
func (g *gated) SetWriteDeadline(time.Time) error { return nil }

// TestConnUnsentIsNotSent closes a connection with a request that waits behind
// a write. Once its call has failed as unsent it must not be sent any more,
// although the socket is open for another moment.
func TestConnUnsentIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nc := &gated{eof: make(chan struct{}), write: make(chan struct{}), close: make(chan struct{})}
		c := gibson.NewConn(nc)
		var wg sync.WaitGroup
		results := make([]error, 2)
		for i := range results {
			wg.Go(func() { _, results[i] = c.Inc(t.Context(), "k") })
			synctest.Wait()
		}
		wg.Go(func() { c.Close() })
		synctest.Wait()
		close(nc.eof)
		synctest.Wait()
		if err := results[0]; !errors.Is(err, gibson.ErrClosed) || gibson.SafeToRetry(err) {
			t.Errorf("the call that is being sent: %v", err)
		}
		if err := results[1]; !errors.Is(err, gibson.ErrClosed) || !gibson.SafeToRetry(err) {
			t.Errorf("the call behind it: %v, want ErrClosed, unsent", err)
		}
		close(nc.write)
		synctest.Wait()
		if n := nc.writes.Load(); n != 1 {
			t.Errorf("%d writes, want 1", n)
		}
		close(nc.close)
		wg.Wait()
	})
}

// TestConnEndRefused has a server that does not agree to END. There is no way
// on for the connection, since everything behind END was refused.
func TestConnEndRefused(t *testing.T) {
	c := dial(t, fake(t, func(nc net.Conn) {
		for next := requests(nc); ; nc.Write(wire.AppendCode(nil, wire.CodeErr)) {
			if _, ok := next(); !ok {
				return
			}
		}
	}), nil)
	if err := c.End(context.Background()); !errors.Is(err, gibson.ErrServer) {
		t.Errorf("End: %v, want ErrServer", err)
	}
	if !c.Closed() {
		t.Error("the connection is open, and refuses every call")
	}
}
