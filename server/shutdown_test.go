package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/wire"
)

// hookedEngine calls hook before each GET.
type hookedEngine struct {
	engine
	hook func(key []byte)
}

func (e hookedEngine) Get(key []byte) (cache.Value, error) {
	e.hook(key)
	return e.engine.Get(key)
}

// hookGet makes srv call hook before each GET, with the cache's lock held.
func hookGet(srv *Server, hook func(key []byte)) {
	srv.begin = func() (engine, error) {
		e, err := srv.beginBatch()
		if err != nil {
			return nil, err
		}
		return hookedEngine{e, hook}, nil
	}
}

// TestShutdownDrains stops a server with one idle client, one within a batch,
// and one that has sent half a request.
func TestShutdownDrains(t *testing.T) {
	entered, goOn := make(chan bool), make(chan bool)
	srv := &Server{MaxBatchRequests: 10}
	var once sync.Once
	hookGet(srv, func([]byte) {
		once.Do(func() {
			entered <- true
			<-goOn
		})
	})
	path := start(t, srv)
	idle, busy, half := dial(t, path), dial(t, path), dial(t, path)
	for _, c := range []*client{idle, busy, half} {
		c.send(req(wire.OpPing, ""))
		c.want("OK")
	}
	half.send([]byte{2, 0})
	// In an event loop a client may share its round with others, who wait with
	// it. The second answer comes in a round after the one that read the half.
	for range 2 {
		idle.send(req(wire.OpPing, ""))
		idle.want("OK")
	}

	// 50 requests in one read: the first batch waits, the others are only in
	// the input buffer when Shutdown is called.
	const n = 50
	busy.send(reqs(req(wire.OpGet, "k"), bytes.Repeat(req(wire.OpInc, "n"), n-1)))
	<-entered
	down := make(chan error)
	go func() { down <- srv.Shutdown(t.Context()) }()
	idle.wantEnd()
	half.wantEnd()
	if _, err := net.Dial("unix", path); err == nil {
		t.Error("the listener is still open")
	}
	select {
	case err := <-down:
		t.Fatalf("Shutdown returned %v while a batch was executed", err)
	default:
	}
	close(goOn)
	busy.want("NOT_FOUND")
	for i := range n - 1 {
		busy.want(fmt.Sprintf("#%d", i+1))
	}
	busy.wantEnd()
	_ = busy.Close()
	if err := <-down; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Errorf("second Shutdown: %v", err)
	}
	if n := srv.Stats().Clients; n != 0 {
		t.Errorf("%d clients after Shutdown", n)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there (%v)", err)
	}
}

func TestShutdownGivesUpWithContext(t *testing.T) {
	entered, goOn := make(chan bool), make(chan bool)
	srv := &Server{}
	hookGet(srv, func([]byte) {
		entered <- true
		<-goOn
	})
	c := dial(t, start(t, srv))
	c.send(req(wire.OpGet, "k"))
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := srv.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v, want context.Canceled", err)
	}
	// Close cuts the connection and waits for the batch, which cannot be
	// answered any more.
	closed := make(chan error)
	go func() { closed <- srv.Close() }()
	c.wantEnd()
	close(goOn)
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestCloseCuts(t *testing.T) {
	srv := &Server{}
	path := start(t, srv)
	idle, slow := dial(t, path), dial(t, path)
	val := bytes.Repeat([]byte("v"), 1<<20)
	slow.send(wire.AppendRequest(nil, wire.OpSet, []byte("0"), []byte("k"), val))
	slow.want("=" + string(val))
	slow.send(bytes.Repeat(req(wire.OpGet, "k"), 64)) // never read
	for range 2 {
		if err := srv.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	idle.wantEnd()
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown after Close: %v", err)
	}
}

// TestClosedServer checks that nothing is served after Close, without a use
// before it too.
func TestClosedServer(t *testing.T) {
	srv := &Server{Cache: newCache(t, nil)}
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	l := newScriptListener(nil)
	if err := srv.Serve(l); err != ErrServerClosed {
		t.Errorf("Serve: %v, want ErrServerClosed", err)
	}
	<-l.closed
	ours, theirs := net.Pipe()
	if err := srv.ServeConn(theirs); err != ErrServerClosed {
		t.Errorf("ServeConn: %v, want ErrServerClosed", err)
	}
	newClient(t, ours).wantEnd()
}

// TestManyListeners serves two sockets and TCP at once, and one cache.
func TestManyListeners(t *testing.T) {
	srv := &Server{}
	first := dial(t, start(t, srv))
	second := dial(t, start(t, srv))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, srv, l)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	third := newClient(t, conn)
	for i, c := range []*client{first, second, third} {
		c.send(req(wire.OpInc, "n"))
		c.want(fmt.Sprintf("#%d", i+1))
	}
}

// TestCacheClosedFirst: a server whose cache is gone ends its connections.
func TestCacheClosedFirst(t *testing.T) {
	srv := &Server{}
	c := dial(t, start(t, srv))
	c.send(req(wire.OpPing, ""))
	c.want("OK")
	if err := srv.Cache.Close(); err != nil {
		t.Fatal(err)
	}
	c.send(req(wire.OpPing, ""))
	c.wantEnd()
	if n := srv.Stats().Panics; n != 0 {
		t.Errorf("%d panics", n)
	}
}

// TestPanicEndsOneConnection checks that a defect in one session is logged and
// counted, that the cache's lock is free, and that others go on.
func TestPanicEndsOneConnection(t *testing.T) {
	log := newLogRecorder()
	srv := &Server{Logger: log.logger()}
	hookGet(srv, func(key []byte) {
		if string(key) == "boom" {
			panic("a defect")
		}
	})
	path := start(t, srv)
	other := dial(t, path)
	other.send(req(wire.OpPing, ""))
	other.want("OK")
	c := dial(t, path)
	c.send(reqs(req(wire.OpSet, "0 k v"), req(wire.OpGet, "boom"), req(wire.OpSet, "0 k w")))
	c.wantEnd()
	other.send(req(wire.OpGet, "k"))
	other.want("=v")
	if n := srv.Stats().Panics; n != 1 {
		t.Errorf("%d panics counted, want 1", n)
	}
	if !log.contains("a defect", "TestPanicEndsOneConnection") {
		t.Errorf("log lacks the panic or its stack: %s", log)
	}
}
