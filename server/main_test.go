package server

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/wire"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(bothWays{m})
}

// goroutines makes start and serve use a goroutine for each connection where a
// test does not say what it wants.
var goroutines bool

// bothWays runs all tests twice: as servers do by default, and without event
// loops. Fuzzing and benchmarks are run once, the default way.
type bothWays struct{ m *testing.M }

func (b bothWays) Run() int {
	code := b.m.Run()
	for _, name := range []string{"test.fuzz", "test.bench", "test.list"} {
		if flag.Lookup(name).Value.String() != "" {
			return code
		}
	}
	goroutines = true
	return max(code, b.m.Run())
}

// hangGuard ends tests that would otherwise wait for ever. Nothing is expected
// to take that long.
const hangGuard = time.Minute

// newCache returns a cache that is closed at the end of the test.
func newCache(tb testing.TB, opts *cache.Options) *cache.Cache {
	tb.Helper()
	c, err := cache.New(opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

// start serves srv, which may be nil, on a unix socket and returns its path.
func start(tb testing.TB, srv *Server) string {
	tb.Helper()
	if srv.Cache == nil {
		srv.Cache = newCache(tb, nil)
	}
	path := filepath.Join(tb.TempDir(), "s")
	l, err := ListenUnix(path)
	if err != nil {
		tb.Fatal(err)
	}
	serve(tb, srv, l)
	return path
}

// serve serves srv on l until the end of the test.
func serve(tb testing.TB, srv *Server, l net.Listener) {
	tb.Helper()
	if goroutines && srv.Loops == 0 {
		srv.Loops = -1
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	tb.Cleanup(func() {
		if err := srv.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
		if err := <-done; !errors.Is(err, ErrServerClosed) {
			tb.Errorf("Serve: %v, want ErrServerClosed", err)
		}
		if n := srv.Stats().Panics; n > 0 && !strings.Contains(tb.Name(), "Panic") {
			tb.Errorf("%d panics", n)
		}
	})
}

// client is a connection of raw bytes, with a hang guard.
type client struct {
	tb testing.TB
	net.Conn
	r   wire.Reader
	buf [64 << 10]byte
}

func dial(tb testing.TB, path string) *client {
	tb.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		tb.Fatal(err)
	}
	return newClient(tb, conn)
}

func newClient(tb testing.TB, conn net.Conn) *client {
	tb.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(hangGuard))
	return &client{tb: tb, Conn: conn}
}

func (c *client) send(b []byte) {
	c.tb.Helper()
	if _, err := c.Write(b); err != nil {
		c.tb.Fatal(err)
	}
}

// reply returns the next reply, or the error that ends the connection.
func (c *client) reply() (wire.Reply, error) {
	for {
		r, ok, err := c.r.Next()
		if ok || err != nil {
			return r, err
		}
		n, err := c.Read(c.buf[:])
		if n == 0 && err != nil {
			return wire.Reply{}, err
		}
		c.r.Feed(c.buf[:n])
	}
}

// want checks the next reply. It stands for a reply as show prints it.
func (c *client) want(want string) {
	c.tb.Helper()
	r, err := c.reply()
	if err != nil {
		c.tb.Fatalf("no reply: %v, want %s", err, want)
	}
	if got := show(r); got != want {
		c.tb.Fatalf("reply %s, want %s", got, want)
	}
}

// wantEnd checks that the server sends nothing more and closes.
func (c *client) wantEnd() {
	c.tb.Helper()
	if r, err := c.reply(); err == nil {
		c.tb.Fatalf("reply %s, want the end of the connection", show(r))
	} else if errors.Is(err, net.ErrClosed) || isTimeout(err) {
		c.tb.Fatalf("%v, want the end of the connection", err)
	}
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// show prints a reply for comparison: its code, or the value for VAL.
func show(r wire.Reply) string {
	switch {
	case r.Code == wire.CodeVal:
		v, _ := r.Value()
		if v.IsNumber() {
			return "#" + v.String()
		}
		return "=" + v.String()
	case r.Code == wire.CodeKVal:
		var pairs []string
		for k, v := range r.Pairs() {
			pairs = append(pairs, string(k)+"="+v.String())
		}
		return "{" + strings.Join(pairs, " ") + "}"
	case len(r.Data) != 1 || r.Data[0] != 0:
		return r.Code.String() + " with wrong data"
	}
	return r.Code.String()
}

// req makes one request with that payload.
func req(op wire.Opcode, payload string) []byte {
	return wire.AppendRequest(nil, op, []byte(payload))
}

// reqs makes several requests in a row.
func reqs(rs ...[]byte) []byte { return bytes.Join(rs, nil) }

// readAll reads replies until the connection ends.
func (c *client) readAll() []byte {
	c.tb.Helper()
	b, err := io.ReadAll(c)
	if err != nil {
		c.tb.Fatal(err)
	}
	return b
}
