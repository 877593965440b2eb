package gibson_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// benchKey has the size of the keys in the project's load.
const benchKey = "app:user:00000001:profile"

// BenchmarkConnGet measures one connection under several goroutines. The
// server is as little as can be, in the same process.
func BenchmarkConnGet(b *testing.B) {
	reply := wire.AppendValue(nil, make([]byte, 100))
	addr := fake(b, func(nc net.Conn) { serveConstant(nc, reply) })
	for _, ctx := range []struct {
		name string
		context.Context
	}{{"background", context.Background()}, {"cancellable", b.Context()}} {
		for _, goroutines := range []int{1, 8, 64, 512} {
			b.Run(fmt.Sprintf("%s/%d", ctx.name, goroutines), func(b *testing.B) {
				c := dial(b, addr, nil)
				b.ReportAllocs()
				b.ResetTimer()
				var wg sync.WaitGroup
				for range goroutines {
					wg.Go(func() {
						for range b.N/goroutines + 1 {
							if _, err := c.Get(ctx.Context, benchKey); err != nil { // ctx itself would be put on the heap
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
			})
		}
	}
}

// serveConstant answers every request with the same reply, all that arrived
// together in one write.
func serveConstant(nc net.Conn, reply []byte) {
	var out []byte
	buf := make([]byte, 64<<10)
	have := 0
	for {
		n, err := nc.Read(buf[have:])
		if err != nil {
			return
		}
		have += n
		out = out[:0]
		rest := buf[:have]
		for {
			_, n, err := wire.ParseRequest(rest, 0)
			if err != nil {
				break
			}
			out = append(out, reply...)
			rest = rest[n:]
		}
		have = copy(buf, rest)
		if _, err := nc.Write(out); err != nil {
			return
		}
	}
}
