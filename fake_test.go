package gibson_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen before it says that
// it hangs.
const patience = 30 * time.Second

// fake listens on a unix socket, hands every connection to serve in a
// goroutine of its own, and returns the address. The connection is closed when
// serve returns, and all of it when the test ends.
func fake(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gibson") // t.TempDir may exceed what a socket's path may have
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[nc] = true
			mu.Unlock()
			wg.Go(func() {
				serve(nc)
				nc.Close()
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for nc := range open {
			nc.Close()
		}
		mu.Unlock()
		wg.Wait()
		os.RemoveAll(dir)
	})
	return ln.Addr().String()
}

// requests returns a function that reads the next request from nc. It reports
// false at the end of the stream. The payload is a copy.
func requests(nc net.Conn) func() (wire.Request, bool) {
	var buf []byte
	chunk := make([]byte, 64<<10)
	return func() (wire.Request, bool) {
		for {
			req, n, err := wire.ParseRequest(buf, 64<<20)
			switch {
			case err == nil:
				req.Payload = bytes.Clone(req.Payload)
				buf = buf[n:]
				return req, true
			case !errors.Is(err, wire.ErrShort):
				return wire.Request{}, false
			}
			n, err = nc.Read(chunk)
			buf = append(buf, chunk[:n]...)
			if err != nil {
				return wire.Request{}, false
			}
		}
	}
}

// answering serves by answering every request with what answer returns.
func answering(answer func(wire.Request) []byte) func(net.Conn) {
	return func(nc net.Conn) {
		next := requests(nc)
		for {
			req, ok := next()
			if !ok {
				return
			}
			if _, err := nc.Write(answer(req)); err != nil {
				return
			}
			if req.Op == wire.OpEnd {
				return
			}
		}
	}
}

// echo answers GET with the key, so that every value says whose it is, and
// everything else with OK.
func echo(req wire.Request) []byte {
	if req.Op == wire.OpGet {
		return wire.AppendValue(nil, req.Payload)
	}
	return wire.AppendCode(nil, wire.CodeOK)
}

// dial connects to a fake and closes the connection when the test ends.
func dial(t testing.TB, addr string, opts *gibson.Options) *gibson.Conn {
	t.Helper()
	c, err := gibson.Dial(t.Context(), addr, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// within fails the test if done is not closed in good time.
func within(t testing.TB, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("hangs: %s", what)
	}
}
