package gibsontest_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/gibsontest"
	"github.com/gogibson/gibson/server"
	"github.com/gogibson/gibson/wire"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ask sends one request on a connection of its own and returns the reply.
func ask(t *testing.T, network, addr string, op wire.Opcode, payload string) wire.Reply {
	t.Helper()
	conn, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute)) // hang guard
	if _, err := conn.Write(wire.AppendRequest(nil, op, []byte(payload))); err != nil {
		t.Fatal(err)
	}
	var r wire.Reader
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		r.Feed(buf[:n])
		if reply, ok, err := r.Next(); ok || err != nil {
			if err != nil {
				t.Fatal(err)
			}
			return reply
		}
	}
}

func TestServer(t *testing.T) {
	srv := gibsontest.NewServer(t)
	if r := ask(t, "unix", srv.Addr(), wire.OpSet, "0 k over unix"); r.Code != wire.CodeVal {
		t.Errorf("SET over the socket: %v", r.Code)
	}
	if r := ask(t, "tcp", srv.TCPAddr(), wire.OpGet, "k"); string(r.Data) != "over unix" {
		t.Errorf("GET over TCP: %v %q", r.Code, r.Data)
	}
	if v, ok, err := srv.Cache().Get("k"); string(v) != "over unix" || !ok || err != nil {
		t.Errorf("Get from the cache: %q, %v, %v", v, ok, err)
	}
	if n := srv.Server().Stats().Requests; n != 2 {
		t.Errorf("%d requests counted, want 2", n)
	}
}

func TestAdvance(t *testing.T) {
	start := time.Date(2020, 2, 29, 12, 0, 0, 0, time.UTC)
	srv := gibsontest.NewServer(t, &gibsontest.Options{Start: start})
	get := func() wire.Code { return ask(t, "unix", srv.Addr(), wire.OpGet, "k").Code }
	ask(t, "unix", srv.Addr(), wire.OpSet, "10 k v")
	for _, step := range []struct {
		d    time.Duration
		want wire.Code
	}{
		{0, wire.CodeVal},
		{-time.Hour, wire.CodeVal},
		{10*time.Second - time.Millisecond, wire.CodeVal},
		{time.Millisecond, wire.CodeNotFound},
	} {
		srv.Advance(step.d)
		if got := get(); got != step.want {
			t.Errorf("at %v after %v: %v, want %v", srv.Now().Sub(start), step.d, got, step.want)
		}
	}
	if got, want := srv.Now(), start.Add(10*time.Second); !got.Equal(want) {
		t.Errorf("Now() = %v, want %v", got, want)
	}
	for k, v := range ask(t, "unix", srv.Addr(), wire.OpStats, "").Pairs() {
		switch n, _ := v.Int64(); string(k) {
		case "server_started":
			if n != start.Unix() {
				t.Errorf("server_started is %d, want %d", n, start.Unix())
			}
		case "server_time":
			if n != start.Unix()+10 {
				t.Errorf("server_time is %d, want %d", n, start.Unix()+10)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	srv := gibsontest.NewServer(t, &gibsontest.Options{
		Cache:  cache.Options{MaxKeySize: 3},
		Server: func(s *server.Server) { s.Version = "of the test" },
	})
	if r := ask(t, "unix", srv.Addr(), wire.OpGet, "four"); r.Code != wire.CodeErr {
		t.Errorf("GET of a long key: %v, want ERR", r.Code)
	}
	for k, v := range ask(t, "unix", srv.Addr(), wire.OpStats, "").Pairs() {
		if string(k) == "server_version" && v.String() != "of the test" {
			t.Errorf("server_version is %s", v)
		}
	}
	if srv := gibsontest.NewServer(t, nil); srv.Addr() == "" {
		t.Error("no address")
	}
}

func TestStartRefusesBadOptions(t *testing.T) {
	for name, o := range map[string]*gibsontest.Options{
		"clock": {Cache: cache.Options{Clock: stoppedClock{}}},
		"cache": {Cache: cache.Options{MaxKeySize: -1}},
	} {
		if s, err := gibsontest.Start(o); err == nil {
			_ = s.Close()
			t.Errorf("%s: Start returned no error", name)
		} else if !strings.HasPrefix(err.Error(), "gibsontest: ") {
			t.Errorf("%s: error %q does not say whose it is", name, err)
		}
	}
}

type stoppedClock struct{}

func (stoppedClock) Now() time.Duration { return 0 }
func (stoppedClock) Wall() time.Time    { return time.Unix(0, 0) }

// TestCloseRemovesEverything checks that a closed server leaves nothing: no
// file, no connection, and, by TestMain, no goroutine.
func TestCloseRemovesEverything(t *testing.T) {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := srv.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_ = conn.SetDeadline(time.Now().Add(time.Minute)) // hang guard
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection is still open: %d, %v", n, err)
	}
	if _, err := os.Stat(filepath.Dir(srv.Addr())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's directory is still there: %v", err)
	}
	if _, _, err := srv.Cache().Get("k"); !errors.Is(err, cache.ErrClosed) {
		t.Errorf("the cache is still open: %v", err)
	}
}

// TestCloseReportsPanics has a server panic while it serves a client, which
// costs that client its connection and nobody else anything.
func TestCloseReportsPanics(t *testing.T) {
	for name, loops := range map[string]int{"loops": 1, "goroutines": -1} {
		srv, err := gibsontest.Start(&gibsontest.Options{Server: func(s *server.Server) {
			s.Loops = loops
			s.OnBatch = func(*server.Batch) { panic("a defect") }
		}})
		if err != nil {
			t.Fatal(err)
		}
		ask(t, "unix", srv.Addr(), wire.OpPing, "")
		if err := srv.Close(); err == nil || !strings.Contains(err.Error(), "a defect") {
			t.Errorf("%s: Close returned %v, want the panic", name, err)
		}
	}
}

// TestParallel runs servers side by side: they share nothing.
func TestParallel(t *testing.T) {
	for _, name := range []string{"a", "b", "c", "d"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := gibsontest.NewServer(t)
			ask(t, "unix", srv.Addr(), wire.OpSet, "0 k "+name)
			if r := ask(t, "tcp", srv.TCPAddr(), wire.OpGet, "k"); string(r.Data) != name {
				t.Errorf("GET: %q, want %q", r.Data, name)
			}
		})
	}
}
