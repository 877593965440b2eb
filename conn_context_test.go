package gibson_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// registered is a context that counts who wants to be told of its end.
type registered struct {
	context.Context
	made    *atomic.Int64 // registrations
	waiting *atomic.Int64 // of them, those that were not taken back
	done    chan struct{}
}

// Done returns a channel of its own, without which package context would pass
// AfterFunc by.
func (r registered) Done() <-chan struct{} { return r.done }

// AfterFunc is what context.AfterFunc calls.
func (r registered) AfterFunc(func()) (stop func() bool) {
	r.made.Add(1)
	r.waiting.Add(1)
	return func() bool { r.waiting.Add(-1); return true }
}

// TestConnContextPerCall has a lone caller that makes a context for every call
// and cancels it afterwards, as most do. When the call has returned nobody may
// want to be told of that: it would take a goroutine each time. A context that
// serves many calls is registered with a few times, not every time.
func TestConnContextPerCall(t *testing.T) {
	c := dial(t, fake(t, answering(echo)), nil)
	var made, waiting atomic.Int64
	for i := range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		if err := c.Ping(registered{ctx, &made, &waiting, make(chan struct{})}); err != nil {
			t.Fatal(err)
		}
		if n := waiting.Load(); n != 0 {
			t.Fatalf("after call %d: %d wait for the end of a context that nobody uses", i, n)
		}
		cancel()
	}
	if made.Load() < 10 {
		t.Errorf("%d calls of 100 read for themselves: this tests nothing", made.Load())
	}
	made.Store(0)
	ctx := registered{t.Context(), &made, &waiting, make(chan struct{})}
	for range 100 {
		if err := c.Ping(ctx); err != nil {
			t.Fatal(err)
		}
	}
	// Two, and as many each time that the connection was idle for long.
	if n := made.Load(); n < 1 || n > 20 {
		t.Errorf("%d registrations for 100 calls of one context, want a few", n)
	}
}

// TestAllocationsContextPerCall guards what a call costs the heap, beyond its
// context, if it has one of its own.
func TestAllocationsContextPerCall(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools drop what they hold")
	}
	reply := wire.AppendCode(nil, wire.CodeOK)
	c := dial(t, fake(t, func(nc net.Conn) { serveConstant(nc, reply) }), nil)
	measure := func(use func(context.Context) error) float64 {
		return testing.AllocsPerRun(500, func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if err := use(ctx); err != nil {
				t.Fatal(err)
			}
		})
	}
	alone := measure(func(ctx context.Context) error {
		_ = ctx.Done() // made when it is asked for
		return nil
	})
	for range 100 {
		if err := c.Ping(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	n := measure(func(ctx context.Context) error { return c.Ping(ctx) }) - alone
	const most = 5 // to be told of the context's end, all within package context
	if n > most {
		t.Errorf("%v allocations more than the context's %v, want at most %v", n, alone, most)
	}
}
