package gibson_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// limited serves with replies whose data is as long as the key says in its
// first letter, for a client whose limit is 1000: "s" within it, "a" above it
// and within a buffer, "b" above that.
func limited(req wire.Request) []byte {
	data := bytes.Repeat([]byte{'x'}, map[byte]int{'s': 1000, 'a': 1001, 'b': 70_000}[req.Payload[0]])
	switch req.Op {
	case wire.OpSet:
		return wire.AppendValue(nil, make([]byte, 100_000))
	case wire.OpMGet:
		b := wire.AppendValue(nil, data)
		b[0] = byte(wire.CodeKVal) // that its data is none is not looked at
		return b
	}
	return wire.AppendValue(nil, data)
}

// TestReplyLimit checks that a reply above MaxReplySize ends its own call
// alone, however the replies are cut, and that who does not want the data does
// not notice.
func TestReplyLimit(t *testing.T) {
	for _, piece := range []int{100, 901, 1 << 20} {
		c := dial(t, fake(t, func(nc net.Conn) {
			next := requests(nc)
			for {
				req, ok := next()
				if !ok {
					return
				}
				for b := limited(req); len(b) > 0; {
					n := min(piece, len(b))
					if _, err := nc.Write(b[:n]); err != nil {
						return
					}
					b = b[n:]
				}
			}
		}), &gibson.Options{MaxReplySize: 1000})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 2 {
					if got, err := c.Get(t.Context(), "s"); err != nil || len(got) != 1000 {
						t.Errorf("within the limit: %d bytes, %v", len(got), err)
					}
					for _, key := range []string{"a", "b"} {
						_, err := c.Get(t.Context(), key)
						tooLarge(t, "Get", err)
						_, err = c.GetInt(context.Background(), key)
						tooLarge(t, "GetInt", err)
						_, err = c.MGet(t.Context(), key, 0)
						tooLarge(t, "MGet", err)
						r, err := c.Do(t.Context(), "get", key)
						tooLarge(t, "Do", err)
						if r.Code != wire.CodeVal || r.Data != nil {
							t.Errorf("Do returns %v with %d bytes", r.Code, len(r.Data))
						}
						ctx, cancel := context.WithCancel(t.Context())
						go cancel()
						_, err = c.Get(ctx, key)
						if !errors.Is(err, context.Canceled) {
							tooLarge(t, "a Get that may be cancelled", err)
						}
					}
					if err := c.Set(t.Context(), "s", []byte("v"), 0); err != nil {
						t.Errorf("Set, which does not want the data: %v", err)
					}
				}
			})
		}
		wg.Wait()
		p := c.Pipeline()
		p.Do("get", "a")
		p.Do("get", "s")
		results, err := p.Exec(t.Context())
		if err != nil || results[1].Err != nil || len(results[1].Reply.Data) != 1000 {
			t.Errorf("Exec: %v, %v", results[1].Err, err)
		}
		tooLarge(t, "Exec", results[0].Err)
		if c.Closed() {
			t.Error(c.Err())
		}
	}
}

func tooLarge(t *testing.T, what string, err error) {
	t.Helper()
	var ce *gibson.CommandError
	if !errors.Is(err, gibson.ErrTooLarge) || !errors.As(err, &ce) || gibson.SafeToRetry(err) {
		t.Errorf("%s: %v, want ErrTooLarge, not to be repeated", what, err)
	}
}

// TestReplyOfNoServer announces a reply that no server sends: a breach.
func TestReplyOfNoServer(t *testing.T) {
	c := dial(t, fake(t, func(nc net.Conn) {
		requests(nc)()
		nc.Write([]byte{6, 0, 0, 0, 0, 0, 0x80})
		io.Copy(io.Discard, nc)
	}), nil)
	_, err := c.Get(t.Context(), "k")
	var protocol *gibson.ProtocolError
	if !errors.As(err, &protocol) {
		t.Errorf("Get: %v, want a *ProtocolError", err)
	}
	within(t, c.Done(), "Done")
}

// TestClientRepeatsNoBreach has servers that break the protocol, or exceed the
// limit, whatever they are asked. Asking again would not help.
func TestClientRepeatsNoBreach(t *testing.T) {
	for name, reply := range map[string][]byte{
		"breach":    {6, 0, 9, 1, 0, 0, 0, 'x'},
		"too large": wire.AppendValue(nil, make([]byte, 2000)),
	} {
		var asked atomic.Int64
		n := &network{serve: answering(func(wire.Request) []byte { asked.Add(1); return reply })}
		c := n.client(t, gibson.ClientOptions{
			Conns: 1, MinBackoff: 1, MaxBackoff: 1, HealthInterval: -1, Options: gibson.Options{MaxReplySize: 1000},
		})
		_, err := c.Get(t.Context(), "k")
		if err == nil || gibson.SafeToRetry(err) {
			t.Errorf("%s: %v, safe to retry %v", name, err, gibson.SafeToRetry(err))
		}
		c.Close()
		n.cut(true)
		n.work.Wait()
		if asked.Load() != 1 || c.Stat().Retries != 0 {
			t.Errorf("%s: asked %d times, %+v", name, asked.Load(), c.Stat())
		}
	}
}

// TestFetchReplyTooLarge loads what is stored in a form that is too large.
func TestFetchReplyTooLarge(t *testing.T) {
	c := dial(t, fake(t, answering(limited)), &gibson.Options{MaxReplySize: 1000})
	typed := typedOf(t, c, gibson.Raw[string](), &gibson.TypedOptions{NoLock: true})
	got, err := typed.Fetch(t.Context(), "b", 0, func(context.Context) (string, error) { return "loaded", nil })
	if got != "loaded" || err != nil {
		t.Errorf("Fetch = %q, %v", got, err)
	}
}
