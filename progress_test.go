package gibson_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// sip serves like answering(echo), but takes 64 KiB of a request at a time and
// then pauses for so long.
func sip(pause time.Duration) func(net.Conn) {
	return func(nc net.Conn) {
		next := requests(&sipped{Conn: nc, pause: pause})
		for {
			req, ok := next()
			if !ok {
				return
			}
			reply := echo(req)
			if req.Op == wire.OpSet {
				reply = wire.AppendValue(nil, []byte("v"))
			}
			if _, err := nc.Write(reply); err != nil {
				return
			}
		}
	}
}

type sipped struct {
	net.Conn
	pause time.Duration
	buf   bytes.Reader
}

func (s *sipped) Read(b []byte) (int, error) {
	if s.buf.Len() == 0 {
		chunk := make([]byte, 64<<10)
		n, err := io.ReadAtLeast(s.Conn, chunk, 1)
		if err != nil {
			return 0, err
		}
		if n > 1<<10 { // of a large request
			time.Sleep(s.pause)
		}
		s.buf.Reset(chunk[:n])
	}
	return s.buf.Read(b)
}

// TestWritingIsProgress has a server that takes its time over a large request,
// longer than either timeout allows for silence. As long as it takes more it is
// not silent.
func TestWritingIsProgress(t *testing.T) {
	big := bytes.Repeat([]byte{'x'}, 1<<20)
	t.Run("ReadTimeout", func(t *testing.T) {
		for _, ctxName := range []string{"background", "cancellable"} {
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				if ctxName == "cancellable" {
					ctx = t.Context()
				}
				c := pipe(t, &gibson.Options{ReadTimeout: time.Second}, sip(900*time.Millisecond))
				defer time.Sleep(time.Minute) // the server ends
				defer c.Close()
				if err := c.Ping(ctx); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if err := c.Set(ctx, "k", big, 0); err != nil {
					t.Errorf("Set: %v", err)
				}
				if d := time.Since(start); d < 10*time.Second {
					t.Errorf("the request took %v: this tests nothing", d)
				}
			})
		}
	})
	t.Run("health", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := &network{serve: sip(900 * time.Millisecond)}
			c := n.client(t, gibson.ClientOptions{
				Conns: 1, MaxRetries: -1, HealthInterval: time.Second, HealthTimeout: time.Second,
			})
			defer time.Sleep(time.Minute) // the server ends
			defer n.cut(true)
			defer c.Close()
			start := time.Now()
			if err := c.Set(t.Context(), "k", big, 0); err != nil {
				t.Errorf("Set: %v", err)
			}
			if d := time.Since(start); d < 10*time.Second {
				t.Errorf("the request took %v: this tests nothing", d)
			}
			if d := n.count(); d != 1 {
				t.Errorf("%d connections, want 1", d)
			}
		})
	})
}

// TestHealthTimeout has a server that takes requests for ever and answers none:
// that more of them are written is no sign of life.
func TestHealthTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{serve: func(nc net.Conn) { io.Copy(io.Discard, nc) }}
		c := n.client(t, gibson.ClientOptions{
			Conns: 1, MaxRetries: -1, HealthInterval: 10 * time.Second, HealthTimeout: 2 * time.Second,
		})
		defer n.cut(true)
		defer c.Close()
		stop := make(chan struct{})
		go func() { // somebody asks all the time
			for {
				select {
				case <-stop:
					return
				case <-time.After(100 * time.Millisecond):
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				_ = c.Set(ctx, "k", []byte("v"), 0)
				cancel()
			}
		}()
		start := time.Now()
		_, err := c.Inc(context.Background(), "k")
		if !errors.Is(err, gibson.ErrConnectionLost) || !strings.Contains(err.Error(), "health") || gibson.SafeToRetry(err) {
			t.Errorf("Inc: %v", err)
		}
		if d := time.Since(start); d < 12*time.Second || d > 13*time.Second { // the bubble's clock is exact
			t.Errorf("noticed after %v", d)
		}
		close(stop)
	})
}
