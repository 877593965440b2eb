package server

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/wire"
)

// large is a value whose reply sockets do not hold.
var large = strings.Repeat("v", 700<<10)

// wantOutput waits until so many bytes of replies are held; the test's own
// time limit guards this.
func wantOutput(srv *Server, want int64) {
	for srv.Stats().OutputMemory != want {
		runtime.Gosched()
	}
}

// withLarge serves srv with two items whose values are large, and returns the
// socket's path.
func withLarge(t *testing.T, srv *Server) string {
	path := start(t, srv)
	c := dial(t, path)
	for _, key := range []string{"f:1", "f:2"} {
		c.send(req(wire.OpSet, "0 "+key+" "+large))
		c.want("=" + large)
	}
	wantOutput(srv, 0)
	return path
}

// TestRepliesThatDoNotFit: what clients do not read is bounded for all of them
// together. Beyond it there is ERR, and no effect; then all goes on.
func TestRepliesThatDoNotFit(t *testing.T) {
	srv := &Server{MaxOutputMemory: 1 << 20}
	path := withLarge(t, srv)
	slow, other := dial(t, path), dial(t, path)
	slow.send(req(wire.OpGet, "f:1"))
	wantOutput(srv, 1<<20)

	other.send(reqs(req(wire.OpGet, "f:1"), req(wire.OpSet, "0 new "+large), req(wire.OpGet, "new"),
		req(wire.OpMGet, "f:"), req(wire.OpSet, "0 small "+strings.Repeat("s", 20<<10)), req(wire.OpPing, "")))
	for _, want := range []string{"ERR", "ERR", "NOT_FOUND", "ERR", "=" + strings.Repeat("s", 20<<10), "OK"} {
		other.want(want)
	}
	if st := srv.Stats(); st.RepliesRefused != 3 || st.OutputMemory != 1<<20 {
		t.Errorf("%d replies refused, want 3; %d bytes held, want %d", st.RepliesRefused, st.OutputMemory, 1<<20)
	}

	slow.want("=" + large)
	wantOutput(srv, 0)
	other.send(req(wire.OpGet, "f:2"))
	other.want("=" + large)
	wantOutput(srv, 0)
}

// TestAdjustMaxOutputMemory changes the bound of a server that is in use.
func TestAdjustMaxOutputMemory(t *testing.T) {
	srv := &Server{MaxOutputMemory: 1 << 20}
	c := dial(t, withLarge(t, srv))
	for _, tc := range []struct {
		bound, effective int64
		want             string
	}{{64 << 10, 64 << 10, "ERR"}, {1 << 20, 1 << 20, "=" + large}, {0, srv.Cache.Options().MaxMemory / 10, "=" + large}} {
		if err := srv.AdjustMaxOutputMemory(tc.bound); err != nil {
			t.Fatal(err)
		}
		if got := srv.output.max.Load(); got != tc.effective {
			t.Errorf("%d: the bound is %d, want %d", tc.bound, got, tc.effective)
		}
		c.send(req(wire.OpGet, "f:1"))
		c.want(tc.want)
		wantOutput(srv, 0)
	}
	if err := srv.AdjustMaxOutputMemory(-1); err == nil || !strings.Contains(err.Error(), "want 0 for the default or more") {
		t.Errorf("-1: %v", err)
	}
	for _, tc := range []struct{ memory, want int64 }{{400 << 20, 40 << 20}, {20 << 20, leastOutput}} {
		if err := srv.Cache.SetMaxMemory(tc.memory); err != nil {
			t.Fatal(err)
		}
		if err := srv.AdjustMaxOutputMemory(0); err != nil || srv.output.max.Load() != tc.want {
			t.Errorf("with %d bytes of memory: %v, the bound is %d, want %d", tc.memory, err, srv.output.max.Load(), tc.want)
		}
	}
}

// TestPairsThatDoNotFit: nothing of a list remains that does not fit.
func TestPairsThatDoNotFit(t *testing.T) {
	srv := &Server{MaxOutputMemory: 1 << 20}
	c := dial(t, withLarge(t, srv))
	c.send(reqs(req(wire.OpMGet, "f:"), req(wire.OpPing, ""), req(wire.OpGet, "f:1")))
	c.want("ERR")
	c.want("OK")
	c.want("=" + large)
	wantOutput(srv, 0)
}

// TestNeverReading: a client that does not read at all gives back what it
// holds when WriteTimeout ends its connection, or Kill does.
func TestNeverReading(t *testing.T) {
	for _, timeout := range []time.Duration{50 * time.Millisecond, 0} {
		srv := &Server{MaxOutputMemory: 1 << 20, WriteTimeout: timeout}
		slow := dial(t, withLarge(t, srv))
		slow.send(req(wire.OpGet, "f:1"))
		if timeout == 0 {
			wantOutput(srv, 1<<20)
			srv.Kill(2)
		}
		for srv.Stats().Clients > 1 {
			runtime.Gosched()
		}
		wantOutput(srv, 0)
	}
}

// TestPanicHoldsNoOutput: what a session holds is given back if it panics.
func TestPanicHoldsNoOutput(t *testing.T) {
	srv := &Server{MaxOutputMemory: 1 << 20, MaxBatchBytes: 4 << 20}
	hookGet(srv, func(key []byte) {
		if string(key) == "boom" {
			panic("a defect")
		}
	})
	c := dial(t, withLarge(t, srv))
	c.send(reqs(req(wire.OpGet, "f:1"), req(wire.OpGet, "boom"), req(wire.OpGet, "boom")))
	for srv.Stats().Panics == 0 {
		runtime.Gosched()
	}
	wantOutput(srv, 0)
}

// TestSlowRequestsHoldLittle: of a client that sends byte by byte its bytes
// are kept and nothing else.
func TestSlowRequestsHoldLittle(t *testing.T) {
	srv := &Server{}
	path := start(t, srv)
	var slow []*client
	request := req(wire.OpSet, "0 k "+strings.Repeat("v", 100))
	for i := range 50 {
		c := dial(t, path)
		c.send(request[:1+i])
		slow = append(slow, c)
	}
	for i, c := range slow {
		for _, b := range request[1+i:] {
			c.send([]byte{b})
		}
		c.want("=" + strings.Repeat("v", 100))
	}
}
