package gibson_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

func TestPipeline(t *testing.T) {
	var writes atomic.Int64
	addr := fake(t, func(nc net.Conn) {
		answering(echo)(counted{nc, &writes})
	})
	for _, limit := range []int{0, 100} { // in one write, or a few requests at a time
		c := dial(t, addr, &gibson.Options{MaxInFlight: limit})
		p := c.Pipeline()
		for round := range 2 { // a Pipeline may be used again
			const n = 500
			for i := range n {
				p.Do("get", fmt.Sprint(round, ":", i))
				if i == 100 {
					p.Do("gett", "k")
					p.Do("get", nil)
				}
			}
			if p.Len() != n+2 {
				t.Errorf("Len %d, want %d", p.Len(), n+2)
			}
			writes.Store(0)
			results, err := p.Exec(t.Context())
			if !errors.Is(err, gibson.ErrUnknownCommand) {
				t.Errorf("Exec: %v, want the first refusal", err)
			}
			if len(results) != n+2 || p.Len() != 0 {
				t.Fatalf("%d results, then Len %d", len(results), p.Len())
			}
			if !errors.Is(results[101].Err, gibson.ErrUnknownCommand) || !errors.Is(results[102].Err, gibson.ErrInvalidArgument) {
				t.Errorf("refused: %v, %v", results[101].Err, results[102].Err)
			}
			for i, r := range append(results[:101], results[103:]...) {
				if want := fmt.Sprint(round, ":", i); r.Err != nil || string(r.Reply.Data) != want {
					t.Errorf("%d: %q, %v, want %q", i, r.Reply.Data, r.Err, want)
				}
			}
			if n := writes.Load(); limit == 0 && n > 3 {
				t.Errorf("the server read %d times for one batch", n)
			}
		}
		if results, err := p.Exec(t.Context()); len(results) != 0 || err != nil {
			t.Errorf("empty: %v, %v", results, err)
		}
		p.Do("ping")
		p.Discard()
		if p.Len() != 0 {
			t.Errorf("Len %d after Discard", p.Len())
		}
	}
}

// counted counts reads that return something.
type counted struct {
	net.Conn
	reads *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.reads.Add(1)
	}
	return n, err
}

func TestPipelineErrors(t *testing.T) {
	var server scripted
	c := dial(t, fake(t, answering(server.answer)), nil)
	server.set(wire.AppendCode(nil, wire.CodeNotFound))
	p := c.Pipeline()
	p.Do("get", "k")
	results, err := p.Exec(t.Context())
	if err != nil || results[0].Err != gibson.ErrNotFound {
		t.Errorf("%v, %v, want ErrNotFound of the one command", results, err)
	}
	server.set(wire.AppendCode(nil, wire.CodeLocked))
	p.Do("set", 0, "k", "v")
	results, err = p.Exec(t.Context())
	if err != nil || !errors.Is(results[0].Err, gibson.ErrLocked) {
		t.Errorf("%v, %v, want ErrLocked of the one command", results, err)
	}

	p.Do("ping")
	p.Do("end")
	p.Do("ping")
	server.set(wire.AppendCode(nil, wire.CodeOK))
	results, err = p.Exec(t.Context())
	if results[0].Err != nil || results[1].Err != nil {
		t.Errorf("up to END: %v", results)
	}
	if !errors.Is(err, gibson.ErrClosed) || !gibson.Unsent(results[2].Err) {
		t.Errorf("behind END: %v, %v, want ErrClosed, unsent", results[2].Err, err)
	}
}

// TestPipelineAlone runs batches of one and more on a connection that leaves
// the reading to its callers.
func TestPipelineAlone(t *testing.T) {
	c := dial(t, fake(t, answering(echo)), nil)
	for size := range 5 {
		for range 50 {
			if err := c.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		p := c.Pipeline()
		for i := range size {
			p.Do("get", fmt.Sprint(i))
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			if _, err := p.Exec(t.Context()); err != nil {
				t.Errorf("%d commands: %v", size, err)
			}
		}()
		within(t, done, "Exec")
	}
}

// TestPipelineInterrupted ends the context, or the connection, while half of
// the replies are there.
func TestPipelineInterrupted(t *testing.T) {
	for _, mode := range []string{"context", "connection"} {
		half := make(chan struct{})
		cut := make(chan struct{})
		addr := fake(t, func(nc net.Conn) {
			next := requests(nc)
			for i := range 10 {
				req, _ := next()
				if i < 5 {
					nc.Write(echo(req))
				}
			}
			close(half)
			<-cut
		})
		t.Cleanup(func() {
			if mode == "context" {
				close(cut)
			}
		})
		c := dial(t, addr, nil)
		ctx, cancel := context.WithCancel(t.Context())
		want := context.Canceled
		if mode == "connection" {
			want = io.EOF
		}
		p := c.Pipeline()
		for i := range 10 {
			p.Do("get", fmt.Sprint(i))
		}
		go func() {
			<-half
			if mode == "connection" {
				close(cut)
			} else {
				time.AfterFunc(20*time.Millisecond, cancel)
			}
		}()
		results, err := p.Exec(ctx)
		cancel()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", mode, err)
		}
		for i, r := range results {
			early := mode == "context" && errors.Is(r.Err, want) // on a slow machine
			if i < 5 && !early && (r.Err != nil || string(r.Reply.Data) != fmt.Sprint(i)) {
				t.Errorf("%s: %d: %q, %v", mode, i, r.Reply.Data, r.Err)
			}
			if i >= 5 && !errors.Is(r.Err, want) {
				t.Errorf("%s: %d: %v, want %v", mode, i, r.Err, want)
			}
		}
		if mode == "context" && c.Closed() {
			t.Error("a cancelled batch closed the connection")
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := dial(t, fake(t, answering(echo)), nil)
	p := c.Pipeline()
	p.Do("get", strings.Repeat("k", 10))
	if results, err := p.Exec(ctx); !errors.Is(err, context.Canceled) || !errors.Is(results[0].Err, context.Canceled) {
		t.Errorf("%v, %v", results, err)
	}
}
