package main

import (
	"context"
	"math/rand/v2"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/gogibson/gibson/gibsontest"
)

// guard ends a test that would wait for ever.
const guard = 60 * time.Second

// TestHurry: what clients send that do not wait for the replies reaches the
// server, and every way to leave occurs.
func TestHurry(t *testing.T) {
	srv := gibsontest.NewServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	l := &load{}
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		if err := l.hurry(ctx, srv.Addr(), r); err != nil {
			t.Fatal(err)
		}
	}
	sent := l.done.sent.Load()
	if sent < 100 || l.done.hasty.Load() != 50 || l.done.owed.Load() == 0 || l.done.cut.Load() == 0 {
		t.Errorf("sent %d requests in %d connections, left within a reply %d times and within a request %d times",
			sent, l.done.hasty.Load(), l.done.owed.Load(), l.done.cut.Load())
	}
	for srv.Server().Stats().Requests < sent {
		if ctx.Err() != nil {
			t.Fatalf("the server executed %d requests of %d", srv.Server().Stats().Requests, sent)
		}
		runtime.Gosched()
	}
	if s := srv.Server().Stats(); s.Requests != sent || s.Connections != 50 || s.ProtocolErrors != 0 {
		t.Errorf("%d requests in %d connections and %d protocol errors, want %d, 50 and 0", s.Requests, s.Connections, s.ProtocolErrors, sent)
	}
}

// TestStintEnds: a client does not go on with a connection that is closed, and
// what it asked in vain is no call.
func TestStintEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	lis, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	go func() {
		if c, err := lis.Accept(); err == nil {
			c.Close()
		}
	}()
	var took latencies
	l := &load{took: &took}
	r := rand.New(rand.NewPCG(1, 1))
	n := 0
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	if err := l.stint(ctx, path, r, rand.NewZipf(r, 1.2, 8, 1000), make([]byte, 64<<10), 0, &n); !unexpected(err) || ctx.Err() != nil {
		t.Errorf("a stint at a server that hangs up ended with %v", err)
	}
	if len(took.took) != 0 {
		t.Errorf("%d calls were made", len(took.took))
	}
}
