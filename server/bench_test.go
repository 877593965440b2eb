package server

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/wire"
)

// BenchmarkGet measures GETs of 100 bytes over a unix socket, by one client
// and by 50, without and with pipelining. Client and server share the
// processors.
func BenchmarkGet(b *testing.B) {
	for _, clients := range []int{1, 50} {
		for _, depth := range []int{1, 16} {
			b.Run(fmt.Sprintf("clients=%d/depth=%d", clients, depth), func(b *testing.B) {
				benchmark(b, clients, depth, func(key string) []byte { return req(wire.OpGet, key) })
			})
		}
	}
}

// BenchmarkSet is BenchmarkGet with SETs.
func BenchmarkSet(b *testing.B) {
	val := string(bytes.Repeat([]byte("w"), 100))
	for _, depth := range []int{1, 16} {
		b.Run(fmt.Sprintf("clients=50/depth=%d", depth), func(b *testing.B) {
			benchmark(b, 50, depth, func(key string) []byte { return req(wire.OpSet, "0 "+key+" "+val) })
		})
	}
}

// benchKeys is how many keys the benchmarks spread over.
const benchKeys = 100_000

func benchKey(i int) string { return fmt.Sprintf("app:user:%08d:profile", i) }

// benchmark counts one request as one operation.
func benchmark(b *testing.B, clients, depth int, request func(key string) []byte) {
	srv := &Server{Cache: newCache(b, nil)}
	val := bytes.Repeat([]byte("v"), 100)
	for i := range benchKeys {
		if err := srv.Cache.Set(benchKey(i), val, 0); err != nil {
			b.Fatal(err)
		}
	}
	path := start(b, srv)
	replySize := depth * len(wire.AppendValue(nil, val))
	b.ReportAllocs()
	var wg sync.WaitGroup
	begin := make(chan bool)
	for i := range clients {
		c := dial(b, path)
		// Some pipelines made beforehand, so that little but the server is
		// measured.
		pipelines := make([][]byte, 64)
		for p := range pipelines {
			for d := range depth {
				key := benchKey((i*7919 + p*104729 + d*15485863) % benchKeys)
				pipelines[p] = append(pipelines[p], request(key)...)
			}
		}
		buf := make([]byte, replySize)
		wg.Go(func() {
			<-begin
			for n := range b.N/depth/clients + 1 {
				if _, err := c.Write(pipelines[n%len(pipelines)]); err != nil {
					b.Error(err)
					return
				}
				if _, err := io.ReadFull(c.Conn, buf); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	b.ResetTimer()
	close(begin)
	wg.Wait()
}

// BenchmarkDispatch measures parsing and executing GETs of present keys
// without a network, through the interface as the server does and, for what
// the interface costs, on the concrete type.
func BenchmarkDispatch(b *testing.B) {
	srv := &Server{Cache: newCache(b, nil)}
	if err := srv.Cache.Set("app:user:00000001:profile", bytes.Repeat([]byte("v"), 100), 0); err != nil {
		b.Fatal(err)
	}
	if err := srv.setUpOnce(); err != nil {
		b.Fatal(err)
	}
	d := newDispatcher(srv)
	r, _, err := wire.ParseRequest(req(wire.OpGet, "app:user:00000001:profile"), 0)
	if err != nil {
		b.Fatal(err)
	}
	out := &block{b: make([]byte, 0, blockSize)}
	b.Run("interface", func(b *testing.B) {
		e, err := srv.begin()
		if err != nil {
			b.Fatal(err)
		}
		defer e.End()
		b.ReportAllocs()
		for b.Loop() {
			out.b = out.b[:0]
			c, _ := d.parse(r)
			d.execute(e, &c, 0, out)
		}
	})
	b.Run("concrete", func(b *testing.B) {
		e, err := srv.Cache.Begin()
		if err != nil {
			b.Fatal(err)
		}
		defer e.End()
		b.ReportAllocs()
		for b.Loop() {
			out.b = out.b[:0]
			c, _ := d.parse(r)
			executeGet(d, e, &c, out)
		}
	})
}

// executeGet is what execute does for a GET, on the concrete type.
func executeGet(d *dispatcher, e *cache.Batch, c *call, out *block) {
	if c.wrong || c.args.NumberErr {
		return
	}
	v, err := e.Get(c.args.Key)
	d.replyValue(out, v, err)
}

// BenchmarkIdleConnections reports what a connection that waits for its client
// takes, both ends' sockets in the kernel and the client's end not counted.
func BenchmarkIdleConnections(b *testing.B) {
	const n = 1000
	memory := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // pools keep what they hold through one collection
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	for b.Loop() {
		srv := &Server{Cache: newCache(b, nil)}
		path := start(b, srv)
		// The client's ends come first: what they take is theirs.
		conns := make([]net.Conn, n)
		ping := req(wire.OpPing, "")
		buf := make([]byte, len(wire.AppendCode(nil, wire.CodeOK)))
		before := memory()
		for i := range conns {
			c, err := net.Dial("unix", path)
			if err != nil {
				b.Fatal(err)
			}
			conns[i] = c
			if _, err := c.Write(ping); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(c, buf); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(memory()-before)/n, "B/conn")
		for _, c := range conns {
			_ = c.Close()
		}
	}
}
