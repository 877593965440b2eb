package gibson_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// TestConnManyGoroutines lets everybody talk at once, with contexts that can
// end and without, over a socket and over a net.Conn that is none.
func TestConnManyGoroutines(t *testing.T) {
	for _, mode := range []string{"socket", "other"} {
		t.Run(mode, func(t *testing.T) {
			var c *gibson.Conn
			if mode == "socket" {
				c = dial(t, fake(t, answering(echo)), nil)
			} else {
				here, there := net.Pipe()
				go answering(echo)(there)
				c = gibson.NewConn(here)
				defer there.Close()
				defer c.Close()
			}
			var wg sync.WaitGroup
			for g := range 100 {
				ctx := context.Background()
				if g%2 == 0 {
					ctx = t.Context()
				}
				wg.Go(func() {
					for i := range 50 {
						key := fmt.Sprintf("%d:%d:%s", g, i, strings.Repeat("x", rand.IntN(1000)))
						if got, err := c.Get(ctx, key); err != nil || string(got) != key {
							t.Errorf("Get(%.20q) = %.20q, %v", key, got, err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestConnAlone walks the role of the reader through all its holders: first
// the connection's goroutine, then the caller itself, then both in turn.
func TestConnAlone(t *testing.T) {
	c := dial(t, fake(t, answering(echo)), nil)
	for i := range 200 {
		key := fmt.Sprint("k", i)
		ctx := context.Background()
		if i >= 150 && i%3 == 0 {
			ctx = t.Context()
		}
		if got, err := c.Get(ctx, key); err != nil || string(got) != key {
			t.Fatalf("Get(%q) = %q, %v", key, got, err)
		}
	}
}

// TestConnCancelStorm cancels half of the calls at random points. The others
// get their own replies over the same connection, which lives on. To some of
// those that are cancelled the server does not answer before they are, and to
// nobody behind them, so that many are in flight at that moment however fast
// server and machine may be.
func TestConnCancelStorm(t *testing.T) {
	total := 100_000
	if testing.Short() {
		total = 10_000
	}
	var held sync.Map // key to the Done channel of a call that has to wait for it
	c := dial(t, fake(t, answering(func(req wire.Request) []byte {
		if done, ok := held.LoadAndDelete(string(req.Payload)); ok {
			<-done.(<-chan struct{})
		}
		return echo(req)
	})), nil)
	const workers = 200
	var wg sync.WaitGroup
	var cancelled, answered atomic.Int64
	for g := range workers {
		wg.Go(func() {
			for i := range total / workers {
				key := fmt.Sprintf("%d:%d", g, i)
				ctx, cancel := context.WithCancel(t.Context())
				doomed := i%2 == 0
				if i%8 == 0 {
					held.Store(key, ctx.Done())
				}
				if doomed {
					time.AfterFunc(time.Duration(rand.IntN(300))*time.Microsecond, cancel)
				}
				got, err := c.Get(ctx, key)
				switch {
				case err == nil && string(got) == key:
					answered.Add(1)
				case doomed && errors.Is(err, context.Canceled):
					cancelled.Add(1)
				default:
					t.Errorf("Get(%q) = %q, %v", key, got, err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	// An eighth was held. A caller may still take its answer, if it comes before
	// the caller is woken by its context.
	if n := int(cancelled.Load()); n < total/16 {
		t.Errorf("%d of %d calls were cancelled: this tests little", n, total)
	}
	if n := int(answered.Load()); n < total/2 {
		t.Errorf("%d of %d calls were answered, want at least the half that was not cancelled", n, total)
	}
	if got, err := c.Get(t.Context(), "after"); err != nil || string(got) != "after" {
		t.Errorf("afterwards Get = %q, %v", got, err)
	}
}

// TestConnCancelReturnsAtOnce has a server that answers only when it is told.
// The late reply must not go to the next call.
func TestConnCancelReturnsAtOnce(t *testing.T) {
	release := make(chan struct{})
	c := dial(t, fake(t, func(nc net.Conn) {
		next := requests(nc)
		first := true
		for {
			req, ok := next()
			if !ok {
				return
			}
			if first {
				<-release
				first = false
			}
			nc.Write(echo(req))
		}
	}), nil)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	dst := []byte("untouched")
	got, err := c.GetInto(ctx, dst, "slow")
	if !errors.Is(err, context.Canceled) || string(got) != "untouched" {
		t.Fatalf("GetInto = %q, %v", got, err)
	}
	if c.Closed() {
		t.Fatal("a cancelled call closed the connection")
	}
	close(release)
	if got, err := c.Get(t.Context(), "next"); err != nil || string(got) != "next" {
		t.Fatalf("Get = %q, %v", got, err)
	}

	ctx, cancel = context.WithTimeout(t.Context(), -1)
	defer cancel()
	_, err = c.Get(ctx, "unsent")
	var ce *gibson.CommandError
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &ce) || !ce.Timeout() {
		t.Errorf("Get with an ended context: %v", err)
	}
}

// TestConnCancelAlone cancels calls that read for themselves. The server
// answers a moment later than they wait, or just in time.
func TestConnCancelAlone(t *testing.T) {
	c := dial(t, fake(t, answering(func(req wire.Request) []byte {
		for range rand.IntN(20) {
			runtime.Gosched()
		}
		return echo(req)
	})), nil)
	shared, stop := context.WithCancel(t.Context())
	defer stop()
	cancelled, answered := 0, 0
	for i := range 3000 {
		key := fmt.Sprint("k", i)
		ctx, cancel := context.WithCancel(shared)
		doomed := i%5 == 4
		switch {
		case doomed && i%2 == 0:
			go cancel()
		case doomed:
			time.AfterFunc(time.Duration(rand.IntN(50))*time.Microsecond, cancel)
		case i%5 == 1:
			ctx = context.Background()
		default:
			ctx = shared // the same as before, mostly
		}
		got, err := c.Get(ctx, key)
		switch {
		case err == nil && string(got) == key:
			answered++
		case doomed && errors.Is(err, context.Canceled):
			cancelled++
		default:
			t.Fatalf("Get(%q) = %q, %v", key, got, err)
		}
		cancel()
	}
	if cancelled == 0 || answered == 0 {
		t.Errorf("%d cancelled, %d answered: this tests nothing", cancelled, answered)
	}
}

// TestConnCancelStuckAlone cancels a call that reads for itself from a server
// that does not answer, and closes the connection under another.
func TestConnCancelStuckAlone(t *testing.T) {
	var stuck atomic.Bool
	c := dial(t, fake(t, answering(func(req wire.Request) []byte {
		if stuck.Load() {
			return nil
		}
		return echo(req)
	})), nil)
	for range 50 { // so that the connection leaves the reading to callers
		if err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stuck.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := c.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Ping: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ping: %v", err)
	}
	if c.Closed() {
		t.Fatal("cancelled calls closed the connection")
	}
	time.AfterFunc(10*time.Millisecond, func() { c.Close() })
	if err := c.Ping(t.Context()); !errors.Is(err, gibson.ErrClosed) {
		t.Errorf("Ping: %v, want ErrClosed", err)
	}
}

// TestConnServerStopsReading fills every buffer on the way. Callers must be
// able to leave, and Close must free those that cannot.
func TestConnServerStopsReading(t *testing.T) {
	for _, mode := range []string{"socket", "other"} {
		t.Run(mode, func(t *testing.T) {
			stuck := make(chan struct{})
			var c *gibson.Conn
			if mode == "socket" {
				addr := fake(t, func(net.Conn) { <-stuck })
				t.Cleanup(func() { close(stuck) })
				c = dial(t, addr, nil)
			} else {
				here, there := net.Pipe()
				defer there.Close()
				c = gibson.NewConn(here)
			}
			val := make([]byte, 200<<10)
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			var left, closed atomic.Int64
			for i := range 60 { // three times what may be in flight
				wg.Go(func() {
					err := c.Set(ctx, fmt.Sprint(i), val, 0)
					if errors.Is(err, context.Canceled) {
						left.Add(1)
					} else {
						t.Errorf("cancelled Set: %v", err)
					}
				})
			}
			time.AfterFunc(20*time.Millisecond, cancel)
			done := make(chan struct{})
			go func() { wg.Wait(); close(done) }()
			within(t, done, "cancelled calls while the server does not read")

			for range 3 {
				wg.Go(func() {
					if err := c.Set(context.Background(), "k", val, 0); errors.Is(err, gibson.ErrClosed) {
						closed.Add(1)
					} else {
						t.Errorf("Set on a closed connection: %v", err)
					}
				})
			}
			time.AfterFunc(20*time.Millisecond, func() { c.Close() })
			done = make(chan struct{})
			go func() { wg.Wait(); close(done) }()
			within(t, done, "calls in flight on Close")
		})
	}
}

func TestConnClose(t *testing.T) {
	seen := make(chan struct{})
	var once sync.Once
	c := dial(t, fake(t, func(nc net.Conn) {
		next := requests(nc)
		for {
			if _, ok := next(); !ok {
				return
			}
			once.Do(func() { close(seen) })
		}
	}), nil)
	if c.Closed() || c.Err() != nil {
		t.Fatal("closed from the start")
	}
	errs := make(chan error)
	for i := range 10 {
		ctx := context.Background()
		if i%2 == 0 {
			ctx = t.Context()
		}
		go func() { errs <- c.Ping(ctx) }()
	}
	within(t, seen, "request")
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	for range 10 {
		if err := <-errs; !errors.Is(err, gibson.ErrClosed) {
			t.Errorf("in flight: %v, want ErrClosed", err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error("second Close:", err)
	}
	within(t, c.Done(), "Done")
	if !c.Closed() || c.Err() != gibson.ErrClosed {
		t.Errorf("Closed %v, Err %v", c.Closed(), c.Err())
	}
	err := c.Ping(t.Context())
	if !errors.Is(err, gibson.ErrClosed) || !gibson.Unsent(err) {
		t.Errorf("afterwards: %v, want ErrClosed, unsent", err)
	}
	if want := "gibson: PING: closed"; err.Error() != want {
		t.Errorf("message %q, want %q", err, want)
	}
}

func TestConnEnd(t *testing.T) {
	reached := make(chan struct{})
	release := make(chan struct{})
	var after atomic.Int64
	c := dial(t, fake(t, func(nc net.Conn) {
		next := requests(nc)
		for {
			req, ok := next()
			if !ok {
				return
			}
			if req.Op == wire.OpEnd {
				close(reached)
				<-release
				nc.Write(wire.AppendCode(nil, wire.CodeOK))
				for { // whatever comes now should not have been sent
					if _, ok := next(); !ok {
						return
					}
					after.Add(1)
				}
			}
			nc.Write(echo(req))
		}
	}), nil)
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.End(t.Context()) }()
	within(t, reached, "END")
	if err := c.Ping(t.Context()); !errors.Is(err, gibson.ErrClosed) || !gibson.Unsent(err) {
		t.Errorf("behind END: %v, want ErrClosed, unsent", err)
	}
	close(release)
	if err := <-ended; err != nil {
		t.Error("End:", err)
	}
	within(t, c.Done(), "the connection after END")
	if c.Err() != gibson.ErrClosed {
		t.Errorf("Err %v, want ErrClosed", c.Err())
	}
	if n := after.Load(); n != 0 {
		t.Errorf("%d requests were sent behind END", n)
	}
}

// TestConnEndCloses checks that the connection is closed once End has returned,
// with the caller as its reader and without: a pool would else take it back.
func TestConnEndCloses(t *testing.T) {
	addr := fake(t, answering(func(wire.Request) []byte { return wire.AppendCode(nil, wire.CodeOK) }))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for range 50 {
				c := dial(t, addr, nil)
				for range g % 2 * 20 {
					if err := c.Ping(t.Context()); err != nil {
						t.Error(err)
					}
				}
				if err := c.End(t.Context()); err != nil || !c.Closed() {
					t.Errorf("End: %v; closed %v", err, c.Closed())
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestConnBroken has servers that break the connection in every way. All
// calls in flight learn the reason, and nobody gets a wrong answer.
func TestConnBroken(t *testing.T) {
	var protocol *gibson.ProtocolError
	value := wire.AppendValue(nil, []byte("k"))
	for _, tc := range []struct {
		name  string
		reply []byte
		is    error
		as    any
	}{
		{name: "end of stream", is: io.EOF},
		{name: "cut header", reply: value[:3], is: io.ErrUnexpectedEOF},
		{name: "cut data", reply: value[:7], is: io.ErrUnexpectedEOF},
		{name: "cut long data", reply: wire.AppendValue(nil, make([]byte, 3<<20))[:2<<20], is: io.ErrUnexpectedEOF},
		{name: "code", reply: []byte{9, 0, 0, 1, 0, 0, 0, 0}, as: &protocol},
		{name: "encoding", reply: []byte{6, 0, 1, 1, 0, 0, 0, 0}, as: &protocol},
		{name: "size", reply: []byte{6, 0, 0, 255, 255, 255, 255}, as: &protocol},
		{name: "pairs", reply: []byte{7, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0}, as: &protocol},
		{name: "text", reply: []byte("-ERR unknown command\r\n"), as: &protocol},
	} {
		t.Run(tc.name, func(t *testing.T) {
			arrived := make(chan struct{})
			c := dial(t, fake(t, func(nc net.Conn) {
				next := requests(nc)
				for range 10 {
					if _, ok := next(); !ok {
						return
					}
				}
				<-arrived
				nc.Write(tc.reply)
			}), nil)
			errs := make(chan error, 10)
			for i := range 10 {
				ctx := context.Background()
				if i%2 == 0 {
					ctx = t.Context()
				}
				go func() {
					_, err := c.Get(ctx, "k")
					errs <- err
				}()
			}
			close(arrived)
			for range 10 {
				err := <-errs
				if tc.is != nil && !errors.Is(err, tc.is) || tc.as != nil && !errors.As(err, tc.as) {
					t.Errorf("in flight: %v", err)
				}
				if gibson.Unsent(err) || errors.Is(err, gibson.ErrClosed) {
					t.Errorf("in flight: %v passes for unsent", err)
				}
			}
			within(t, c.Done(), "Done")
			err := c.Ping(t.Context())
			if !errors.Is(err, gibson.ErrClosed) || !gibson.Unsent(err) {
				t.Errorf("afterwards: %v, want ErrClosed, unsent", err)
			}
			if tc.is != nil && !errors.Is(err, tc.is) || tc.as != nil && !errors.As(err, tc.as) {
				t.Errorf("afterwards: %v does not say why", err)
			}
		})
	}
}

// TestConnUnaskedReply checks that a reply without a request is a breach, at
// rest and in a reply that is read while others are in flight.
func TestConnUnaskedReply(t *testing.T) {
	c := dial(t, fake(t, func(nc net.Conn) {
		nc.Write(wire.AppendCode(nil, wire.CodeOK))
		io.Copy(io.Discard, nc)
	}), nil)
	within(t, c.Done(), "Done")
	var protocol *gibson.ProtocolError
	if err := c.Err(); !errors.As(err, &protocol) {
		t.Errorf("Err %v, want a *ProtocolError", err)
	}

	c = dial(t, fake(t, answering(func(req wire.Request) []byte {
		return append(echo(req), echo(req)...)
	})), nil)
	if got, err := c.Get(context.Background(), "k"); err != nil || string(got) != "k" {
		t.Errorf("Get = %q, %v", got, err)
	}
	within(t, c.Done(), "Done after two replies")
}

// TestConnNoticesEnd checks that a connection at rest learns that the server
// has gone, whoever was the last to read.
func TestConnNoticesEnd(t *testing.T) {
	for _, calls := range []int{0, 1, 100} {
		hangUp := make(chan struct{})
		c := dial(t, fake(t, func(nc net.Conn) {
			go answering(echo)(nc)
			<-hangUp
		}), nil)
		for range calls {
			if err := c.Ping(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		close(hangUp)
		within(t, c.Done(), fmt.Sprintf("Done after %d calls", calls))
		if err := c.Err(); !errors.Is(err, io.EOF) {
			t.Errorf("Err %v, want io.EOF", err)
		}
	}
}

// TestConnAnswerBeforeEnd checks that what the server answered before it hung
// up is not lost to a failing write.
func TestConnAnswerBeforeEnd(t *testing.T) {
	for range 10 {
		c := dial(t, fake(t, func(nc net.Conn) {
			next := requests(nc)
			next()
			nc.Write(wire.AppendCode(nil, wire.CodeErr))
		}), nil)
		second := make(chan error)
		err := c.Set(t.Context(), "k", make([]byte, 1<<20), 0)
		go func() { second <- c.Ping(t.Context()) }()
		if !errors.Is(err, gibson.ErrServer) {
			t.Errorf("Set: %v, want ErrServer", err)
		}
		if err := <-second; err == nil {
			t.Error("Ping succeeded on a connection that was hung up")
		}
		c.Close()
	}
}

// TestConnInFlight counts what a server that does not answer gets to see.
func TestConnInFlight(t *testing.T) {
	const limit = 10_000
	var got atomic.Int64
	release := make(chan struct{})
	quiet := make(chan struct{})
	c := dial(t, fake(t, func(nc net.Conn) {
		buf := make([]byte, 1<<20)
		for {
			nc.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			n, err := nc.Read(buf)
			got.Add(int64(n))
			if err != nil {
				break
			}
		}
		close(quiet)
		<-release
	}), &gibson.Options{MaxInFlight: limit})
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { _ = c.Set(context.Background(), "k", make([]byte, 1000), 0) })
	}
	within(t, quiet, "server")
	if n := got.Load(); n > limit || n < limit/2 {
		t.Errorf("%d bytes in flight, want at most %d and not much less", n, limit)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ping while the connection is full: %v", err)
	}
	close(release)
	wg.Wait()
}

// TestConnOversized sends a request above MaxInFlight: it goes alone.
func TestConnOversized(t *testing.T) {
	c := dial(t, fake(t, answering(echo)), &gibson.Options{MaxInFlight: 100})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			key := strings.Repeat(fmt.Sprint(i), 500)
			if got, err := c.Get(t.Context(), key); err != nil || string(got) != key {
				t.Errorf("Get = %.20q, %v", got, err)
			}
		})
	}
	wg.Wait()
}
