package gibson_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/gibsontest"
)

// recorder keeps what hooks are told.
type recorder struct {
	mu     sync.Mutex // protects the fields below
	starts []gibson.Event
	ends   []gibson.Event
}

type ctxKey struct{}

func (r *recorder) hooks(t *testing.T) *gibson.Hooks {
	return &gibson.Hooks{
		Start: func(ctx context.Context, e gibson.Event) context.Context {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.starts = append(r.starts, e)
			return context.WithValue(ctx, ctxKey{}, e.Command+e.Key)
		},
		End: func(ctx context.Context, e gibson.Event) {
			if ctx.Value(ctxKey{}) != e.Command+e.Key {
				t.Errorf("End of %s %s has another context", e.Command, e.Key)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if e.Duration <= 0 {
				t.Errorf("%s took %v", e.Command, e.Duration)
			}
			e.Duration = 0
			r.ends = append(r.ends, e)
		},
	}
}

func TestHooks(t *testing.T) {
	srv := gibsontest.NewServer(t)
	big := make([]byte, 100_000)
	for i := range big {
		big[i] = byte(i) | 1
	}
	notFound := gibson.ErrNotFound
	want := []gibson.Event{
		{Command: "SET", Key: "k", Sent: 11, Received: 8},
		{Command: "GET", Key: "k", Sent: 7, Received: 8},
		{Command: "GET", Key: "none", Sent: 10, Received: 8, Err: notFound},
		{Command: "SET", Key: "big", Sent: 12 + len(big), Received: 7 + len(big)},
		{Command: "MGET", Key: "k", Sent: 9, Received: 7 + 4 + 4 + 1 + 1 + 4 + 1},
		{Command: "PING", Sent: 6, Received: 8},
		{Command: "SET", Sent: 6, Received: 8, Err: gibson.ErrServer}, // no key to be found
		{Command: "INC", Key: "n", Sent: 7, Received: 15},
		{Command: "GET", Key: "none", Sent: 10, Received: 8, Err: notFound},
	}
	use := func(ctx context.Context, c interface {
		gibson.Store
		Ping(context.Context) error
		Do(context.Context, string, ...any) (gibson.Reply, error)
		Pipeline() *gibson.Pipeline
	}) {
		for i, err := range []error{
			c.Set(ctx, "k", []byte("v"), 0), call(c.Get(ctx, "k")), call(c.Get(ctx, "none")),
			c.Set(ctx, "big", big, 0), call(c.MGet(ctx, "k", 5)), c.Ping(ctx), call(c.Do(ctx, "set")),
			call(c.Get(ctx, "refused before it is sent")),
		} {
			if i == 2 || i > 5 {
				if err == nil {
					t.Errorf("call %d succeeded", i)
				}
			} else if err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		}
		p := c.Pipeline()
		p.Do("inc", "n")
		p.Do("get", "none")
		if _, err := p.Exec(ctx); err != nil {
			t.Error(err)
		}
	}
	check := func(name string, r *recorder) {
		t.Helper()
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.starts) != len(want) || len(r.ends) != len(want) {
			t.Fatalf("%s: %d starts, %d ends, want %d: %v", name, len(r.starts), len(r.ends), len(want), r.ends)
		}
		for i, w := range want {
			if got := r.ends[i]; fmt.Sprint(got) != fmt.Sprint(w) || !errors.Is(got.Err, w.Err) {
				t.Errorf("%s: end %+v, want %+v", name, got, w)
			}
			w.Received, w.Err = 0, nil
			if r.starts[i] != w {
				t.Errorf("%s: start %+v, want %+v", name, r.starts[i], w)
			}
		}
	}

	var conn, client, pool recorder
	c := dial(t, srv.Addr(), &gibson.Options{Hooks: conn.hooks(t)})
	use(t.Context(), c)
	check("conn", &conn)

	cl, err := gibson.NewClient(srv.Addr(), &gibson.ClientOptions{
		Options: gibson.Options{Hooks: client.hooks(t)}, HealthInterval: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	use(t.Context(), cl)
	check("client", &client) // health checks are none of its commands

	p := newPool(t, srv.Addr(), &gibson.PoolOptions{Options: gibson.Options{Hooks: pool.hooks(t)}, MinSize: 1})
	use(t.Context(), p)
	check("pool", &pool)
}

// call drops the value of a call.
func call[T any](_ T, err error) error { return err }

// TestHooksWithoutAnswer checks what End is told of calls that got no answer,
// and that half of the hooks may be missing.
func TestHooksWithoutAnswer(t *testing.T) {
	var ended []gibson.Event
	silent := fake(t, func(nc net.Conn) {
		next := requests(nc)
		for {
			if _, ok := next(); !ok {
				return
			}
		}
	})
	c := dial(t, silent, &gibson.Options{Hooks: &gibson.Hooks{
		End: func(_ context.Context, e gibson.Event) { ended = append(ended, e) },
	}})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_ = c.Ping(ctx)
	p := c.Pipeline()
	p.Do("ping")
	_, _ = p.Exec(ctx)
	c.Close()
	_ = c.Ping(t.Context())
	for i, want := range []error{context.DeadlineExceeded, context.DeadlineExceeded, gibson.ErrClosed} {
		if len(ended) != 3 || !errors.Is(ended[i].Err, want) || ended[i].Received != 0 {
			t.Fatalf("%v", ended)
		}
	}
	d := dial(t, fake(t, answering(echo)), &gibson.Options{Hooks: &gibson.Hooks{
		Start: func(ctx context.Context, _ gibson.Event) context.Context { return ctx },
	}})
	if err := d.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
