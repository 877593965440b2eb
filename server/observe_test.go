package server

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson/wire"
)

// count formats the server's calls for comparison.
func count(t *testing.T, srv *Server) string {
	t.Helper()
	calls, err := srv.Calls()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range calls {
		name := "unknown"
		if c.Known {
			name = c.Op.String()
		}
		all = append(all, fmt.Sprintf("%s %v %d", name, c.Code, c.Count))
	}
	return strings.Join(all, ", ")
}

func TestCalls(t *testing.T) {
	srv := new(Server)
	path := start(t, srv)
	if got := count(t, srv); got != "" {
		t.Errorf("%q before the first request", got)
	}
	c := dial(t, path)
	c.send(reqs(req(wire.OpSet, "0 k v"), req(wire.OpSet, "x k v"), req(wire.OpSet, ""), req(wire.OpGet, "k"), req(wire.OpGet, "k"),
		req(wire.OpGet, "none"), req(wire.OpLock, "k -1"), req(wire.OpSet, "0 k v"), req(wire.OpKeys, "k"), req(wire.OpEnd, "")))
	c.readAll()
	for _, op := range []wire.Opcode{22, 40, 64, 255 << 8} {
		c := dial(t, path)
		c.send(reqs(req(wire.OpPing, ""), req(op, "")))
		c.readAll()
	}
	want := "SET ERR 1, SET NAN 1, SET LOCKED 1, SET VAL 1, GET NOT_FOUND 1, GET VAL 2, LOCK OK 1, PING OK 4, KEYS KVAL 1, END OK 1, unknown ERR 4"
	if got := count(t, srv); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	_ = srv.Cache.Close()
	if _, err := srv.Calls(); err == nil {
		t.Error("no error from a closed cache")
	}
}

// TestCallsWhileServing reads the counts while they change.
func TestCallsWhileServing(t *testing.T) {
	srv := new(Server)
	path := start(t, srv)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			c := dial(t, path)
			for range 50 {
				c.send(reqs(req(wire.OpPing, ""), req(wire.OpGet, "k")))
				c.want("OK")
				c.want("NOT_FOUND")
			}
		})
	}
	for range 50 {
		count(t, srv)
		srv.Clients()
	}
	wg.Wait()
	if got, want := count(t, srv), "GET NOT_FOUND 200, PING OK 200"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestClientsAndKill(t *testing.T) {
	srv := new(Server)
	path := start(t, srv)
	before := time.Now()
	var clients []*client
	for n := range 3 {
		c := dial(t, path)
		for range n + 1 {
			c.send(req(wire.OpPing, ""))
			c.want("OK")
		}
		clients = append(clients, c)
	}
	list := srv.Clients()
	if len(list) != 3 {
		t.Fatalf("%d clients, want 3", len(list))
	}
	for i, c := range list {
		if c.ID != int64(i+1) || c.Requests != int64(i+1) || c.Addr.Network() != "unix" || c.Connected.Before(before.Add(-time.Minute)) {
			t.Errorf("client %d is %+v", i, c)
		}
	}
	if !srv.Kill(2) {
		t.Error("client 2 was not found")
	}
	clients[1].wantEnd()
	for len(srv.Clients()) > 2 { // the test's own time limit guards this
		<-time.After(time.Millisecond)
	}
	for _, id := range []int64{2, 0, -1, 4} {
		if srv.Kill(id) {
			t.Errorf("client %d was found", id)
		}
	}
	for _, c := range []*client{clients[0], clients[2]} {
		c.send(req(wire.OpPing, ""))
		c.want("OK")
	}
	if ids := srv.Clients(); len(ids) != 2 || ids[0].ID != 1 || ids[1].ID != 3 {
		t.Errorf("left: %+v", ids)
	}
	if list := new(Server).Clients(); len(list) != 0 {
		t.Errorf("a server that was never used has clients %v", list)
	}
}

func TestOnBatch(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	srv := &Server{OnBatch: func(b *Batch) {
		mu.Lock()
		defer mu.Unlock()
		if b.Took < 0 || time.Since(b.Start) < b.Took || b.Addr.Network() != "unix" {
			t.Errorf("start %v, took %v, client %v", b.Start, b.Took, b.Addr)
		}
		seen = append(seen, fmt.Sprintf("%v %s %d", b.Op, b.Key, b.Requests))
	}}
	c := dial(t, start(t, srv))
	for _, batch := range [][]byte{
		req(wire.OpGet, "k"),
		reqs(req(wire.OpSet, "0 a v"), req(wire.OpGet, "b")),
		reqs(req(wire.OpGet, "a"), req(wire.OpMGet, "fam 3"), req(wire.OpMDel, "other")),
		reqs(slices.Repeat(req(wire.OpPing, ""), DefaultMaxBatchRequests), req(wire.OpKeys, "late")),
		req(wire.OpPing, ""),
	} {
		c.send(batch)
		for rest := batch; len(rest) > 0; {
			_, n, err := wire.ParseRequest(rest, DefaultMaxRequestSize)
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
			if _, err := c.reply(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = c.Close()
	for srv.Stats().Clients > 0 { // the test's own time limit guards this
		<-time.After(time.Millisecond)
	}
	want := []string{"GET k 1", "SET a 2", "MGET fam 3", "KEYS late 129", "PING  1"}
	if !slices.Equal(seen, want) {
		t.Errorf("got  %q\nwant %q", seen, want)
	}
}

func TestAdjust(t *testing.T) {
	srv := &Server{MaxClients: 1, Loops: 1}
	path := start(t, srv)
	first := dial(t, path)
	first.send(req(wire.OpPing, ""))
	first.want("OK")
	dial(t, path).wantEnd()

	for _, bad := range []error{srv.Adjust(-1, 0, 0), srv.Adjust(1, -1, 0), srv.Adjust(1, 0, -1)} {
		if bad == nil {
			t.Error("a negative limit was taken")
		}
	}
	dial(t, path).wantEnd() // nothing has changed
	if err := srv.Adjust(3, 0, 0); err != nil {
		t.Fatal(err)
	}
	second, third := dial(t, path), dial(t, path)
	// What the loop answers to the third it does after the second's wait began.
	for _, c := range []*client{second, third} {
		c.send(req(wire.OpPing, ""))
		c.want("OK")
	}

	// The wait that has begun is not bounded yet, the next one is.
	if err := srv.Adjust(0, time.Millisecond, 0); err != nil {
		t.Fatal(err)
	}
	second.send(req(wire.OpPing, ""))
	second.want("OK")
	second.wantEnd()
	first.send(req(wire.OpPing, ""))
	first.want("OK")
	if err := new(Server).Adjust(1, 0, 0); err == nil {
		t.Error("a server without a cache was adjusted")
	}
}

// deadlines is a connection that notes the deadlines it has.
type deadlines struct {
	net.Conn
	mu          sync.Mutex
	read, write time.Time
}

func (c *deadlines) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = t
	return c.Conn.SetReadDeadline(t)
}

func (c *deadlines) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write = t
	return c.Conn.SetWriteDeadline(t)
}

// TestAdjustTakesTimeoutsAway has no deadline stay behind that would end a
// connection later.
func TestAdjustTakesTimeoutsAway(t *testing.T) {
	srv := &Server{Cache: newCache(t, nil), IdleTimeout: time.Hour, WriteTimeout: time.Hour}
	near, far := net.Pipe()
	conn := &deadlines{Conn: far}
	done := make(chan error, 1)
	go func() { done <- srv.ServeConn(conn) }()
	c := newClient(t, near)
	bound := func(when string, read, write bool) {
		t.Helper()
		// Twice: once the second reply is there, the wait that was adjusted
		// has come and gone.
		for range 2 {
			c.send(req(wire.OpPing, ""))
			c.want("OK")
		}
		conn.mu.Lock()
		defer conn.mu.Unlock()
		if conn.read.IsZero() == read || conn.write.IsZero() == write {
			t.Errorf("%s: deadlines %v and %v, want read %v, write %v", when, conn.read, conn.write, read, write)
		}
	}
	bound("at first", true, true)
	for _, step := range []struct{ idle, write time.Duration }{{0, time.Hour}, {time.Hour, 0}, {0, 0}, {time.Hour, time.Hour}} {
		if err := srv.Adjust(0, step.idle, step.write); err != nil {
			t.Fatal(err)
		}
		bound(fmt.Sprint(step), step.idle > 0, step.write > 0)
	}
	_ = near.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
}
