package gibson_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// swallowing serves by reading on and answering nothing, and says on got what
// it has read.
func swallowing(got chan<- wire.Opcode) func(net.Conn) {
	return func(nc net.Conn) {
		next := requests(nc)
		for {
			req, ok := next()
			if !ok {
				return
			}
			got <- req.Op
		}
	}
}

// inFlight makes a GET and an INC, has end called when the server has both, and
// returns their errors.
func inFlight(t *testing.T, c interface {
	Get(context.Context, string) ([]byte, error)
	Inc(context.Context, string) (int64, error)
}, got <-chan wire.Opcode, end func()) (get, inc error) {
	var wg sync.WaitGroup
	wg.Go(func() { _, get = c.Get(t.Context(), "k") })
	wg.Go(func() { _, inc = c.Inc(t.Context(), "k") })
	<-got
	<-got
	end()
	wg.Wait()
	return get, inc
}

// TestInFlightAtClose closes a connection with calls that the server has. They
// are closed and unanswered: the GET may be made again over another connection,
// the INC may not.
func TestInFlightAtClose(t *testing.T) {
	got := make(chan wire.Opcode, 2)
	c := dial(t, fake(t, swallowing(got)), nil)
	get, inc := inFlight(t, c, got, func() { c.Close() })
	for _, err := range []error{get, inc} {
		if !errors.Is(err, gibson.ErrClosed) || gibson.Unsent(err) || errors.Is(err, gibson.ErrConnectionLost) {
			t.Errorf("in flight at Close: %v, want ErrClosed", err)
		}
	}
	if !gibson.SafeToRetry(get) || gibson.SafeToRetry(inc) {
		t.Errorf("safe to retry: GET %v, INC %v, want true and false", gibson.SafeToRetry(get), gibson.SafeToRetry(inc))
	}
	if want := `gibson: GET "k": closed before the reply came`; get.Error() != want {
		t.Errorf("message %q, want %q", get, want)
	}
	if err := c.Err(); err != gibson.ErrClosed {
		t.Errorf("Err %v, want ErrClosed", err)
	}
}

// TestClosedClientIsNotRetryable checks that a loop that repeats what is safe
// to retry ends when its client has been closed.
func TestClosedClientIsNotRetryable(t *testing.T) {
	got := make(chan wire.Opcode, 2)
	c, err := gibson.NewClient(fake(t, swallowing(got)), &gibson.ClientOptions{Conns: 1, HealthInterval: -1})
	if err != nil {
		t.Fatal(err)
	}
	get, inc := inFlight(t, c, got, func() { c.Close() })
	_, later := c.Get(t.Context(), "k")
	p := c.Pipeline()
	p.Do("get", "k")
	results, batch := p.Exec(t.Context())
	for what, err := range map[string]error{
		"GET in flight": get, "INC in flight": inc, "GET": later, "Exec": batch, "GET of Exec": results[0].Err,
	} {
		if !errors.Is(err, gibson.ErrClosed) || gibson.SafeToRetry(err) {
			t.Errorf("%s: %v, safe to retry %v, want ErrClosed, not to be repeated", what, err, gibson.SafeToRetry(err))
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, later = c.Get(ended, "k")
	p.Do("get", "k")
	results, batch = p.Exec(ended)
	for what, err := range map[string]error{"GET": later, "Exec": batch, "GET of Exec": results[0].Err} {
		if !errors.Is(err, gibson.ErrClosed) || gibson.SafeToRetry(err) {
			t.Errorf("%s with an ended context: %v, safe to retry %v", what, err, gibson.SafeToRetry(err))
		}
	}
	p2 := newPool(t, fake(t, answering(echo)), &gibson.PoolOptions{MaxSize: 1})
	p2.Close()
	for _, ctx := range []context.Context{t.Context(), ended} {
		if err := p2.Ping(ctx); !errors.Is(err, gibson.ErrClosed) || gibson.SafeToRetry(err) {
			t.Errorf("closed pool, context %v: %v, safe to retry %v", ctx.Err(), err, gibson.SafeToRetry(err))
		}
	}
}

// TestConnectionLost checks the one error that every lost connection has.
func TestConnectionLost(t *testing.T) {
	c := dial(t, fake(t, func(nc net.Conn) { requests(nc)() }), nil)
	_, err := c.Get(t.Context(), "k")
	if !errors.Is(err, gibson.ErrConnectionLost) || !errors.Is(err, io.EOF) || errors.Is(err, gibson.ErrClosed) {
		t.Errorf("in flight: %v, want ErrConnectionLost and io.EOF", err)
	}
	within(t, c.Done(), "Done")
	if err := c.Ping(t.Context()); !errors.Is(err, gibson.ErrConnectionLost) || !errors.Is(err, gibson.ErrClosed) {
		t.Errorf("afterwards: %v, want ErrConnectionLost and ErrClosed", err)
	}
	if err := c.Err(); !errors.Is(err, gibson.ErrConnectionLost) {
		t.Errorf("Err %v", err)
	}
	c = dial(t, fake(t, answering(echo)), nil)
	c.Close()
	if err := c.Ping(t.Context()); errors.Is(err, gibson.ErrConnectionLost) {
		t.Errorf("after Close: %v", err)
	}
}

// TestExecIsSafeOnlyUnsent has batches of which a part was executed when the
// connection ended. To execute them again would execute that part twice.
func TestExecIsSafeOnlyUnsent(t *testing.T) {
	exec := func(limit, answered int, cmds ...string) ([]gibson.Result, error) {
		c := dial(t, fake(t, func(nc net.Conn) {
			next := requests(nc)
			for range answered {
				if req, ok := next(); ok {
					nc.Write(wire.AppendNumber(nil, int64(req.Op)))
				}
			}
			next()
		}), &gibson.Options{MaxInFlight: limit})
		p := c.Pipeline()
		for _, cmd := range cmds {
			p.Do(cmd, "k")
		}
		return p.Exec(t.Context())
	}
	// One request at a time: the third one is never sent.
	results, err := exec(7, 1, "inc", "inc", "get")
	if results[0].Err != nil || err == nil || gibson.SafeToRetry(err) || !errors.Is(err, gibson.ErrConnectionLost) {
		t.Errorf("%v, %v, safe to retry %v", results, err, gibson.SafeToRetry(err))
	}
	if !gibson.SafeToRetry(results[2].Err) {
		t.Errorf("the one that was not sent: %v", results[2].Err)
	}
	// The first error is that of a GET, behind which there is an INC.
	results, err = exec(0, 0, "get", "inc")
	if gibson.SafeToRetry(err) || !errors.Is(err, gibson.ErrConnectionLost) || !gibson.SafeToRetry(results[0].Err) {
		t.Errorf("%v, %v, safe to retry %v", results, err, gibson.SafeToRetry(err))
	}
	var ce *gibson.CommandError
	if !errors.As(err, &ce) || ce.Command != "GET" || ce.Key != "k" || err.Error() != results[0].Err.Error() {
		t.Errorf("Exec: %v, want the first error", err)
	}

	synctest.Test(t, func(t *testing.T) { // nothing at all is sent
		n := &network{down: true}
		c := n.client(t, gibson.ClientOptions{Conns: 1})
		defer c.Close()
		p := c.Pipeline()
		p.Do("inc", "k")
		p.Do("get", "k")
		if _, err := p.Exec(t.Context()); !errors.Is(err, errDown) || !gibson.SafeToRetry(err) {
			t.Errorf("without a server: %v, safe to retry %v", err, gibson.SafeToRetry(err))
		}
	})
}

// TestPoolFactoryIsSafe has the factory fail, when nothing was sent.
func TestPoolFactoryIsSafe(t *testing.T) {
	fails := errors.New("no luck")
	made := 0
	p, err := gibson.NewPoolOf(t.Context(), fake(t, answering(echo)), &gibson.PoolOptions{MinSize: -1},
		func(c *gibson.Conn) (*gibson.Conn, error) { made++; return nil, fails })
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Inc(t.Context(), "k"); !errors.Is(err, fails) || !gibson.SafeToRetry(err) || made != 1 {
		t.Errorf("Inc: %v, safe to retry %v, made %d", err, gibson.SafeToRetry(err), made)
	}
}

// once is an argument that counts how often it is encoded.
type once struct{ n *int }

func (o once) MarshalBinary() ([]byte, error) {
	*o.n++
	return []byte("value"), nil
}

// TestFailedDoEncodesOnce checks that an error of Do, which names the key, does
// not have the value encoded again.
func TestFailedDoEncodesOnce(t *testing.T) {
	c := dial(t, fake(t, answering(func(wire.Request) []byte { return wire.AppendCode(nil, wire.CodeLocked) })), nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, ctx := range []context.Context{t.Context(), ended} {
		for _, args := range [][]any{{"set", 60, "key"}, {"set", "60 key"}, {"mset", "key"}, {"ttl", "key"}, {"meta", "key"}} {
			n := 0
			_, err := c.Do(ctx, args[0].(string), append(args[1:len(args):len(args)], once{&n})...)
			var ce *gibson.CommandError
			if !errors.As(err, &ce) || ce.Key != "key" || n != 1 {
				t.Errorf("%v, context %v: %v, value encoded %d times", args, ctx.Err(), err, n)
			}
		}
	}
}

// TestErrorsNameTheKey checks the errors of Do and of a Pipeline: from the
// server, without an answer, and of a batch that was given up.
func TestErrorsNameTheKey(t *testing.T) {
	check := func(what string, err error, cmd, key string) {
		t.Helper()
		var ce *gibson.CommandError
		if !errors.As(err, &ce) || ce.Command != cmd || ce.Key != key {
			t.Errorf("%s: %v, want %s of %q", what, err, cmd, key)
		}
	}
	refusing := dial(t, fake(t, answering(func(wire.Request) []byte { return wire.AppendCode(nil, wire.CodeLocked) })), nil)
	_, err := refusing.Do(t.Context(), "set", 60, "a", "value of words")
	check("Do", err, "SET", "a")
	_, err = refusing.Do(t.Context(), "set", "7 raw value")
	check("Do of one argument", err, "SET", "raw")
	_, err = refusing.Do(t.Context(), "set")
	check("Do without arguments", err, "SET", "")
	p := refusing.Pipeline()
	p.Do("del", "b")
	p.Do("mdel", []byte("c:"))
	results, _ := p.Exec(t.Context())
	check("Exec", results[0].Err, "DEL", "b")
	check("Exec", results[1].Err, "MDEL", "c:")

	got := make(chan wire.Opcode, 4)
	silent := dial(t, fake(t, swallowing(got)), nil)
	ctx, cancel := context.WithCancel(t.Context())
	p = silent.Pipeline()
	p.Do("ttl", "d", 5)
	p.Do("get", "e")
	go func() {
		<-got
		<-got
		cancel()
	}()
	results, err = p.Exec(ctx)
	check("Exec that is given up", err, "TTL", "d")
	check("Exec that is given up", results[1].Err, "GET", "e")
	_, err = silent.Do(ctx, "get", "f")
	check("Do with an ended context", err, "GET", "f")
	go func() {
		<-got
		silent.Close()
	}()
	_, err = silent.Do(t.Context(), "inc", "g")
	check("Do at Close", err, "INC", "g")
}
