package gibson_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// TestBigReplies mixes small replies with some far above the buffer, kept,
// appended, dropped and abandoned.
func TestBigReplies(t *testing.T) {
	sizes := map[string]int{"small": 10, "buffer": 32<<10 - 7, "over": 32 << 10, "big": 300 << 10, "huge": 2 << 20}
	c := dial(t, fake(t, answering(func(req wire.Request) []byte {
		if req.Op == wire.OpSet { // echoes the value
			return wire.AppendValue(nil, req.Payload[bytes.LastIndexByte(req.Payload, ' ')+1:])
		}
		name, _, _ := strings.Cut(string(req.Payload), ":")
		return wire.AppendValue(nil, bytes.Repeat(req.Payload, sizes[name]/len(req.Payload)+1)[:sizes[name]])
	})), nil)
	names := []string{"small", "small", "small", "buffer", "over", "big", "huge"}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var buf []byte
			for i := range 12 {
				name := names[rand.IntN(len(names))]
				key := name + ":" + string(rune('a'+g))
				want := bytes.Repeat([]byte(key), sizes[name]/len(key)+1)[:sizes[name]]
				switch i % 4 {
				case 0:
					got, err := c.Get(t.Context(), key)
					if err != nil || !bytes.Equal(got, want) {
						t.Errorf("Get(%s): %d bytes, %v", key, len(got), err)
					}
					clear(got) // it is ours
				case 1:
					var err error
					buf, err = c.GetInto(context.Background(), buf[:0], key)
					if err != nil || !bytes.Equal(buf, want) {
						t.Errorf("GetInto(%s): %d bytes, %v", key, len(buf), err)
					}
				case 2:
					if err := c.Set(t.Context(), key, want, 0); err != nil {
						t.Errorf("Set(%s): %v", key, err)
					}
				case 3:
					ctx, cancel := context.WithCancel(t.Context())
					go cancel()
					if got, err := c.Get(ctx, key); err == nil && !bytes.Equal(got, want) {
						t.Errorf("Get(%s): %d bytes", key, len(got))
					}
				}
			}
		})
	}
	wg.Wait()
	if c.Closed() {
		t.Fatal(c.Err())
	}
}

// FuzzConn sends arbitrary bytes as replies to several calls, in pieces of
// some size. Whatever arrives, every call ends as wire.ParseReply has it, but
// for a reply above the limit, which ends its own call alone.
func FuzzConn(f *testing.F) {
	f.Add(bytes.Repeat(wire.AppendValue(nil, []byte("v")), 3), uint16(1))
	f.Add(append(wire.AppendNumber(nil, 1), wire.AppendCode(nil, wire.CodeErr)...), uint16(3))
	f.Add(append(somePairs(), 9), uint16(100))
	f.Fuzz(func(t *testing.T, stream []byte, size uint16) {
		here, there := net.Pipe()
		c := gibson.NewConn(here)
		defer c.Close()
		const calls = 3
		var wg sync.WaitGroup
		defer wg.Wait()
		defer there.Close()
		wg.Go(func() {
			next := requests(there)
			for range calls {
				if _, ok := next(); !ok {
					return
				}
			}
			for rest := stream; len(rest) > 0; {
				n := min(int(size)+1, len(rest))
				if _, err := there.Write(rest[:n]); err != nil {
					return
				}
				rest = rest[n:]
			}
			there.Close()
		})
		type result struct {
			r   gibson.Reply
			err error
		}
		results := make(chan result, calls)
		for range calls {
			wg.Go(func() {
				r, err := c.Do(context.Background(), "get", "k")
				results <- result{r, err}
			})
		}
		want := map[string]int{}
		rest := stream
		for range calls {
			r, n, err := wire.ParseReply(rest, 0)
			if err != nil {
				break
			}
			rest = rest[n:]
			want[key(r)]++
		}
		for range calls {
			got := <-results
			if errors.Is(got.err, gibson.ErrTooLarge) {
				continue // its data is dropped, however much comes of it
			}
			if got.r.Code == wire.CodeErr && !errors.Is(got.err, gibson.ErrServer) {
				continue // no reply, but the end of the connection
			}
			if want[key(got.r)]--; want[key(got.r)] < 0 {
				t.Errorf("%v %q, which was not sent", got.r.Code, got.r.Data)
			}
		}
		for k, n := range want {
			if n > 0 {
				t.Errorf("reply %q was lost", k)
			}
		}
	})
}

// key returns what distinguishes a reply that Do returns.
func key(r gibson.Reply) string {
	if r.Code != wire.CodeVal && r.Code != wire.CodeKVal {
		return r.Code.String()
	}
	return r.Code.String() + r.Encoding.String() + string(r.Data)
}
