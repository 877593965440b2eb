package server

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/wire"
)

// FuzzSession sends arbitrary bytes to a live session, cut in two at an
// arbitrary place, and closes for writing. The server must end that session
// without a panic, after whole replies only and without allocating more than
// in proportion to what was sent and what the limits allow, and serve another
// client, whose item nobody else can reach, as before.
func FuzzSession(f *testing.F) {
	sample, _ := sampleSession()
	f.Add(sample, uint16(100))
	f.Add(unknown, uint16(3))
	f.Add(binary.LittleEndian.AppendUint32(nil, 1<<32-1), uint16(2))
	f.Add(binary.LittleEndian.AppendUint32(nil, DefaultMaxRequestSize), uint16(4))
	f.Add([]byte{0, 0, 0, 0}, uint16(0))
	for _, c := range wire.Commands() {
		f.Add(bytes.Repeat(req(c.Op, c.Example), 3), uint16(7))
		f.Add(req(c.Op, ""), uint16(0))
		f.Add(req(c.Op, "k "), uint16(5))
	}

	const (
		maxRequest  = 64 << 10
		maxResponse = 256 << 10
	)
	srv := &Server{
		Cache:           newCache(f, &cache.Options{MaxMemory: 64 << 20}),
		MaxRequestSize:  maxRequest,
		MaxResponseSize: maxResponse,
	}
	path := start(f, srv)
	// A prefix command reaches every key that begins with its prefix, so what
	// the other client relies on is a session, not an item that fuzzing could
	// name: it sets, then reads.
	other := dial(f, path)
	f.Fuzz(func(t *testing.T, b []byte, cut uint16) {
		other.tb = t
		_ = other.SetDeadline(time.Now().Add(hangGuard))
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, conn)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var writing sync.WaitGroup
		writing.Go(func() {
			i := min(int(cut), len(b))
			_, _ = c.Write(b[:i])
			_, _ = c.Write(b[i:])
			_ = c.Conn.(*net.UnixConn).CloseWrite()
		})
		replies := 0
		r := wire.NewReader(0)
		for {
			n, err := c.Read(c.buf[:])
			r.Feed(c.buf[:n])
			for {
				_, ok, err := r.Next()
				if err != nil {
					t.Fatalf("reply %d: %v", replies, err)
				}
				if !ok {
					break
				}
				replies++
			}
			if err != nil {
				if isTimeout(err) {
					t.Fatal("the session does not end")
				}
				if err == io.EOF && r.Buffered() > 0 {
					t.Fatalf("%d bytes of a reply after %d whole ones", r.Buffered(), replies)
				}
				break
			}
		}
		_ = c.Close()
		writing.Wait() // the bytes are the fuzzer's again when this returns
		runtime.ReadMemStats(&after)
		// Buffers double: twice the largest request and the largest reply of
		// each kind, and once more for what the test itself reads.
		most := uint64(4*maxRequest+8*maxResponse*(1+replies)+2<<20) + 16*uint64(len(b))
		if got := after.TotalAlloc - before.TotalAlloc; got > most {
			t.Errorf("%d bytes with %d replies made the process allocate %d bytes, want at most %d", len(b), replies, got, most)
		}
		if n := srv.Stats().Panics; n > 0 {
			t.Fatalf("%d panics", n)
		}
		other.send(reqs(req(wire.OpMUnlock, "o:"), req(wire.OpSet, "0 o:k v"), req(wire.OpGet, "o:k"), req(wire.OpDel, "o:k")))
		if _, err := other.reply(); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"=v", "=v", "OK"} {
			other.want(want)
		}

		// The next input finds an empty cache: it must neither be full nor
		// answer with what this one has stored.
		e, err := srv.Cache.Begin()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = e.MUnlock(nil)
		_, _ = e.MDelete(nil)
		e.End()
		if n, err := srv.Cache.Stats(); err != nil || n.Items != 0 {
			t.Fatalf("%d items left (%v)", n.Items, err)
		}
	})
}
