package gibson_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// network is a server that a test can take down and put up again, reached by
// its dial alone.
type network struct {
	serve func(net.Conn)

	mu    sync.Mutex // protects the fields below
	down  bool
	conns []net.Conn
	dials int
	work  sync.WaitGroup
}

var errDown = errors.New("the server is down")

func (n *network) dial(context.Context, string, string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dials++
	if n.down {
		return nil, errDown
	}
	here, there := net.Pipe()
	n.conns = append(n.conns, there)
	n.work.Go(func() {
		n.serve(there)
		there.Close()
	})
	return here, nil
}

// cut ends all connections; with down no new ones are made.
func (n *network) cut(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
	for _, nc := range n.conns {
		nc.Close()
	}
	n.conns = nil
}

func (n *network) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials
}

// client returns a Client of n.
func (n *network) client(t *testing.T, opts gibson.ClientOptions) *gibson.Client {
	t.Helper()
	opts.Dialer = n.dial
	c, err := gibson.NewClient("tcp://fake", &opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientBasics(t *testing.T) {
	c, err := gibson.NewClient(fake(t, answering(echo)), &gibson.ClientOptions{Conns: 3})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 50 {
		wg.Go(func() {
			for i := range 50 {
				key := fmt.Sprintf("%d:%d", g, i)
				if got, err := c.Get(t.Context(), key); err != nil || string(got) != key {
					t.Errorf("Get(%q) = %q, %v", key, got, err)
				}
			}
		})
	}
	wg.Wait()
	p := c.Pipeline()
	p.Do("get", "a")
	p.Do("get", "b")
	if results, err := p.Exec(t.Context()); err != nil || string(results[1].Reply.Data) != "b" {
		t.Errorf("Exec: %v, %v", results, err)
	}
	if st := c.Stat(); st.Conns != 3 || st.Open == 0 || st.Failures != 0 || st.LastError != nil {
		t.Errorf("%+v", st)
	}
	if c.Closed() {
		t.Error("closed before Close")
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	within(t, c.Done(), "Done")
	if !c.Closed() {
		t.Error("open after Close")
	}
	if err := c.Ping(t.Context()); !errors.Is(err, gibson.ErrClosed) || !gibson.Unsent(err) {
		t.Errorf("Ping: %v, want ErrClosed, unsent", err)
	}
	p.Do("ping")
	if _, err := p.Exec(t.Context()); !errors.Is(err, gibson.ErrClosed) {
		t.Errorf("Exec: %v, want ErrClosed", err)
	}
}

func TestClientOptions(t *testing.T) {
	for _, o := range []gibson.ClientOptions{
		{Conns: -1}, {HealthTimeout: -1}, {MinBackoff: -1}, {MaxBackoff: -1}, {MinBackoff: 2, MaxBackoff: 1},
		{Options: gibson.Options{MaxKeySize: -1}},
	} {
		if c, err := gibson.NewClient("localhost", &o); err == nil {
			c.Close()
			t.Errorf("%+v is accepted", o)
		}
	}
	if _, err := gibson.NewClient("http://x", nil); err == nil {
		t.Error("a wrong address is accepted")
	}
}

// TestClientDown checks with an exact clock that calls fail with each attempt
// to connect, that attempts slow down, and that the server is found again.
func TestClientDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{serve: answering(echo), down: true}
		c := n.client(t, gibson.ClientOptions{Conns: 1, MaxRetries: -1})
		defer c.Close()
		err := c.Ping(context.Background())
		if !errors.Is(err, errDown) || !gibson.SafeToRetry(err) {
			t.Errorf("Ping: %v, want the dialer's error", err)
		}
		time.Sleep(time.Hour)
		if d := n.count(); d < 3600 || d > 7300 { // every 0.5 to 1 s at last
			t.Errorf("%d attempts in an hour", d)
		}
		if st := c.Stat(); st.Open != 0 || !errors.Is(st.LastError, errDown) || st.Failures+1 < st.Dials {
			t.Errorf("%+v", st)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, errDown) {
			t.Errorf("Ping: %v", err)
		}
		n.cut(false)
		time.Sleep(2 * time.Second)
		if err := c.Ping(t.Context()); err != nil {
			t.Errorf("Ping of a server that is back: %v", err)
		}
		if st := c.Stat(); st.Open != 1 || st.LastError != nil {
			t.Errorf("%+v", st)
		}
	})
}

// TestClientHealth has a server that falls silent without closing anything.
func TestClientHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		n := &network{serve: answering(func(req wire.Request) []byte {
			if silent.Load() {
				return nil
			}
			return echo(req)
		})}
		c := n.client(t, gibson.ClientOptions{Conns: 1, HealthInterval: 10 * time.Second})
		defer c.Close()
		if err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if d := n.count(); d != 1 {
			t.Fatalf("%d connections were made to a healthy server", d)
		}
		silent.Store(true)
		start := time.Now()
		err := c.Set(context.Background(), "k", []byte("v"), 0)
		if err == nil || !strings.Contains(err.Error(), "health") || gibson.SafeToRetry(err) {
			t.Errorf("Set: %v", err)
		}
		if d := time.Since(start); d > 16*time.Second {
			t.Errorf("noticed after %v", d)
		}
	})
}

// TestClientRestarts takes the server down and up under load. Every call ends,
// no answer is another's, and no INC is executed twice.
func TestClientRestarts(t *testing.T) {
	restarts := 100
	if testing.Short() {
		restarts = 20
	}
	var mu sync.Mutex
	incs := map[string]int{}
	n := &network{serve: answering(func(req wire.Request) []byte {
		if req.Op == wire.OpInc {
			mu.Lock()
			incs[string(req.Payload)]++
			mu.Unlock()
			return wire.AppendNumber(nil, 1)
		}
		return echo(req)
	})}
	c := n.client(t, gibson.ClientOptions{Conns: 2, MinBackoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var answers, failures, done atomic.Int64
	for g := range 64 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprintf("%d:%d", g, i)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				var err error
				if i%2 == 0 {
					var got []byte
					got, err = c.Get(ctx, key)
					if err == nil && string(got) != key {
						t.Errorf("Get(%q) = %q", key, got)
					}
				} else if _, err = c.Inc(ctx, key); err == nil {
					done.Add(1)
				}
				cancel()
				switch {
				case err == nil:
					answers.Add(1)
				case errors.Is(err, context.DeadlineExceeded):
					t.Errorf("hangs: %v", err)
				default:
					failures.Add(1)
				}
			}
		})
	}
	for range restarts {
		n.cut(true)
		before := n.count()
		until(t, func() bool { return n.count() > before })
		n.cut(false)
		was := answers.Load()
		until(t, func() bool { return answers.Load() > was+100 })
	}
	close(stop)
	wg.Wait()
	c.Close()
	n.cut(true)
	n.work.Wait()
	if answers.Load() == 0 || c.Stat().Retries == 0 {
		t.Errorf("%d answers, %d failures, %+v: this tests nothing", answers.Load(), failures.Load(), c.Stat())
	}
	executed := 0
	for key, n := range incs {
		if executed += n; n > 1 {
			t.Errorf("INC %s was executed %d times", key, n)
		}
	}
	if int64(executed) < done.Load() {
		t.Errorf("%d INCs answered, %d executed", done.Load(), executed)
	}
}

// until polls cond.
func until(t *testing.T, cond func() bool) {
	t.Helper()
	for start := time.Now(); !cond(); <-time.After(time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatal("waits in vain")
		}
	}
}

// TestClientGarbage has a server that sends bytes of no protocol after every few
// replies, in the place of one. No call takes them, or the reply to another
// call, for its own, and none that was in flight is made again.
func TestClientGarbage(t *testing.T) {
	garbage := [][]byte{
		[]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), {0xff, 0xff, 0, 0, 0, 0, 0}, {6, 0, 9, 1, 0, 0, 0, 'x'},
		{6, 0, 0, 0xff, 0xff, 0xff, 0xff}, {7, 0, 0, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
	}
	var sent atomic.Int64
	n := &network{serve: func(nc net.Conn) {
		next := requests(nc)
		for i := 1; ; i++ {
			req, ok := next()
			if !ok {
				return
			}
			reply := echo(req)
			if i%20 == 0 {
				reply = garbage[int(sent.Add(1))%len(garbage)]
			}
			if _, err := nc.Write(reply); err != nil {
				return
			}
		}
	}}
	c := n.client(t, gibson.ClientOptions{Conns: 2, MinBackoff: 1, MaxBackoff: 1})
	var answers, refused atomic.Int64
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 200 {
				key := fmt.Sprintf("%d:%d", g, i)
				got, err := c.Get(t.Context(), key)
				var protocol *gibson.ProtocolError
				switch {
				case err == nil && string(got) == key:
					answers.Add(1)
				case errors.As(err, &protocol) || errors.Is(err, gibson.ErrClosed):
					refused.Add(1)
					if gibson.SafeToRetry(err) && !gibson.Unsent(err) {
						t.Errorf("Get(%q): %v is safe to retry", key, err)
					}
				default:
					t.Errorf("Get(%q) = %q, %v", key, got, err)
				}
			}
		})
	}
	wg.Wait()
	c.Close()
	n.cut(true)
	n.work.Wait()
	if answers.Load() < 1000 || sent.Load() < 10 {
		t.Errorf("%d answers, %d refused, garbage sent %d times: this tests nothing", answers.Load(), refused.Load(), sent.Load())
	}
}

// TestClientRepeats has a server that hangs up after the first request of
// every command. Whether the client sends it again is a matter of the command.
func TestClientRepeats(t *testing.T) {
	for _, optIn := range []bool{false, true} {
		var mu sync.Mutex
		seen := map[wire.Opcode]int{}
		n := &network{serve: func(nc net.Conn) {
			next := requests(nc)
			for {
				req, ok := next()
				if !ok {
					return
				}
				mu.Lock()
				seen[req.Op]++
				first := seen[req.Op] == 1
				mu.Unlock()
				if first {
					return
				}
				cmd, _ := wire.Lookup(req.Op)
				switch cmd.Reply {
				case wire.CodeOK:
					nc.Write(wire.AppendCode(nil, wire.CodeOK))
				case wire.CodeVal:
					nc.Write(wire.AppendNumber(nil, 1))
				case wire.CodeKVal:
					nc.Write(somePairs())
				}
			}
		}}
		c := n.client(t, gibson.ClientOptions{Conns: 1, RetryWrites: optIn, MinBackoff: 1, MaxBackoff: 1})
		for _, cmd := range wire.Commands() {
			if cmd.Op == wire.OpEnd {
				continue
			}
			want := 1
			switch cmd.Name {
			case "GET", "MGET", "KEYS", "COUNT", "META", "STATS", "PING":
				want = 2
			case "SET", "DEL", "TTL", "UNLOCK", "MSET", "MDEL", "MTTL", "MUNLOCK":
				if optIn {
					want = 2
				}
			}
			_, err := c.Do(t.Context(), cmd.Name)
			mu.Lock()
			if seen[cmd.Op] != want || (err == nil) != (want == 2) {
				t.Errorf("opt-in %v: %s was sent %d times, want %d; %v", optIn, cmd.Name, seen[cmd.Op], want, err)
			}
			mu.Unlock()
			if err != nil && (gibson.SafeToRetry(err) || !errors.Is(err, io.EOF)) {
				t.Errorf("%s: %v", cmd.Name, err)
			}
		}
		c.Close()
		n.cut(true)
		n.work.Wait()
	}
}

func TestSafeToRetry(t *testing.T) {
	silent := fake(t, func(nc net.Conn) { io.Copy(io.Discard, nc) })
	gone := fake(t, func(nc net.Conn) { requests(nc)() })
	for _, tc := range []struct {
		name string
		addr string
		call func(context.Context, *gibson.Conn) error
		want bool
	}{
		{"GET hung up", gone, func(ctx context.Context, c *gibson.Conn) error { _, err := c.Get(ctx, "k"); return err }, true},
		{"SET hung up", gone, func(ctx context.Context, c *gibson.Conn) error { return c.Set(ctx, "k", []byte("v"), 0) }, false},
		{"INC hung up", gone, func(ctx context.Context, c *gibson.Conn) error { _, err := c.Inc(ctx, "k"); return err }, false},
		{"GET timed out", silent, func(ctx context.Context, c *gibson.Conn) error { _, err := c.Get(ctx, "k"); return err }, true},
		{"INC timed out", silent, func(ctx context.Context, c *gibson.Conn) error { _, err := c.Inc(ctx, "k"); return err }, false},
		{"INC closed", silent, func(ctx context.Context, c *gibson.Conn) error {
			c.Close()
			_, err := c.Inc(ctx, "k")
			return err
		}, true},
		{"refused", silent, func(ctx context.Context, c *gibson.Conn) error { _, err := c.Get(ctx, ""); return err }, false},
	} {
		c := dial(t, tc.addr, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if strings.Contains(tc.name, "hung up") {
			ctx = t.Context()
		}
		if err := tc.call(ctx, c); err == nil || gibson.SafeToRetry(err) != tc.want {
			t.Errorf("%s: SafeToRetry(%v) is %v", tc.name, err, !tc.want)
		}
		cancel()
	}
	for _, err := range []error{nil, os.ErrClosed, gibson.ErrNotFound, gibson.ErrLocked} {
		if gibson.SafeToRetry(err) {
			t.Errorf("SafeToRetry(%v)", err)
		}
	}
}
