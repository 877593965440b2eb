package server

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/value"
	"github.com/gogibson/gibson/wire"
)

// TestAllocations checks that a round trip over a socket allocates nothing,
// neither in the server nor, for the count is the process's, in the test.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	c := dial(t, start(t, &Server{}))
	for _, k := range []string{"a", "b", "c"} {
		c.send(req(wire.OpSet, "0 k:"+k+" "+strings.Repeat("v", 100)))
		c.want("=" + strings.Repeat("v", 100))
	}
	big := strings.Repeat("v", 100<<10)
	c.send(req(wire.OpSet, "0 big "+big))
	c.want("=" + big)
	// Of 20 KiB each, stored as they are and compressed: 2 MiB in all.
	noise := rand.NewChaCha8([32]byte{})
	for i := range 100 {
		val := strings.Repeat("v", 20<<10)
		if i%2 == 0 {
			b := make([]byte, 20<<10)
			_, _ = noise.Read(b) // never fails
			val = string(b)
		}
		c.send(req(wire.OpSet, fmt.Sprintf("0 family:%d %s", i, val)))
		if r, err := c.reply(); err != nil || r.Code != wire.CodeVal {
			t.Fatal(r, err)
		}
	}
	ping := req(wire.OpPing, "")
	for _, test := range []struct {
		name    string
		request []byte
	}{
		{"PING", ping},
		{"GET", req(wire.OpGet, "k:a")},
		{"GET of a missing key", req(wire.OpGet, "none")},
		{"GET of a big value", req(wire.OpGet, "big")},
		{"SET", req(wire.OpSet, "0 k:b "+strings.Repeat("w", 100))},
		{"SET of a big value", req(wire.OpSet, "0 big "+big)},
		{"INC", req(wire.OpInc, "n")},
		{"COUNT", req(wire.OpCount, "k:")},
		{"META", req(wire.OpMeta, "k:a size")},
		{"KEYS", req(wire.OpKeys, "family:")},
		{"MGET of 2 MiB", req(wire.OpMGet, "family:")},
		{"malformed", req(wire.OpSet, "0")},
		{"pipeline", []byte(strings.Repeat(string(req(wire.OpGet, "k:a")), 300))},
	} {
		// The reply to the last request tells where the others end.
		request := reqs(test.request, req(wire.OpCount, "no such key"))
		c.send(request)
		size := 0
		for {
			r, err := c.reply()
			if err != nil {
				t.Fatal(err)
			}
			size += wire.ReplyHeaderSize + len(r.Data)
			if show(r) == "#0" {
				break
			}
		}
		buf := make([]byte, size)
		roundTrip := func() {
			if _, err := c.Write(request); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c.Conn, buf); err != nil {
				t.Fatal(err)
			}
		}
		// The average is cut to an integer, so that a garbage collection,
		// which empties the pools, does not fail the test.
		if n := testing.AllocsPerRun(200, roundTrip); n > 0 {
			t.Errorf("%s: %v allocations per round trip, want 0", test.name, n)
		}
	}
}

// fixedWalk is an engine whose Walk finds the same items always.
type fixedWalk struct {
	engine
	key []byte
	val cache.Value
}

func (f *fixedWalk) Walk(_ []byte, _ int64, _ bool, fn func([]byte, cache.Value) bool) int64 {
	for n := range int64(100) {
		if !fn(f.key, f.val) {
			return n + 1
		}
	}
	return 100
}

// TestWalkAllocations checks that the server's part of KEYS and MGET allocates
// nothing, where the reply fits the buffer.
func TestWalkAllocations(t *testing.T) {
	d := newTestDispatcher(t, 0)
	e := &fixedWalk{key: []byte("key"), val: value.Bytes([]byte("value"))}
	out := &block{b: make([]byte, 0, blockSize)}
	for _, op := range []wire.Opcode{wire.OpKeys, wire.OpMGet} {
		r, _, err := wire.ParseRequest(req(op, "k"), 0)
		if err != nil {
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(100, func() {
			out.b = out.b[:0]
			c, _ := d.parse(r)
			d.execute(e, &c, 0, out)
		})
		if n > 0 || len(out.b) < 100*9 {
			t.Errorf("%v: %v allocations for a reply of %d bytes, want 0", op, n, len(out.b))
		}
	}
}

// TestLiarsAllocateNothing announces requests of the largest size and sends
// little of them.
func TestLiarsAllocateNothing(t *testing.T) {
	srv := &Server{Cache: newCache(t, nil)}
	const liars = 100
	lie := binary.LittleEndian.AppendUint32(nil, DefaultMaxRequestSize)
	lie = append(lie, req(wire.OpSet, "0 k v")[wire.HeaderSize:]...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var served sync.WaitGroup
	var conns []net.Conn
	for range liars {
		ours, theirs := net.Pipe()
		served.Go(func() { _ = srv.ServeConn(theirs) })
		// A pipe's Write returns when everything has been read. When the
		// second does, what the first brought has been looked at.
		for _, b := range [][]byte{lie, {'v'}} {
			if _, err := ours.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		conns = append(conns, ours)
	}
	runtime.ReadMemStats(&after)
	const most = liars * 4 * blockSize // two buffers each, and what the rest takes
	if got := after.TotalAlloc - before.TotalAlloc; got > most {
		t.Errorf("%d liars made the process allocate %d bytes, want at most %d", liars, got, most)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	served.Wait()
}
