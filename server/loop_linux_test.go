package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gogibson/gibson/wire"
)

// looped serves srv with one event loop and returns the socket's path.
func looped(t *testing.T, srv *Server) string {
	srv.Loops = 1
	return start(t, srv)
}

// seats returns how many connections are in loops.
func seats(srv *Server) int {
	srv.loops.mu.Lock()
	defer srv.loops.mu.Unlock()
	n := 0
	for _, l := range srv.loops.all {
		n += l.size()
	}
	return n
}

// wantSeats waits until so many connections are in loops; the test's own time
// limit guards this.
func wantSeats(srv *Server, want int) {
	for seats(srv) != want {
		runtime.Gosched()
	}
}

// TestWhoIsLooped: plain sockets of listeners are, nothing else is.
func TestWhoIsLooped(t *testing.T) {
	srv := &Server{}
	path := looped(t, srv)
	c := dial(t, path)
	c.send(req(wire.OpPing, ""))
	c.want("OK")
	if n := seats(srv); n != 1 {
		t.Errorf("%d of 1 unix connections in a loop", n)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, srv, l)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	tcp := newClient(t, conn)
	tcp.send(req(wire.OpPing, ""))
	tcp.want("OK")
	if n := seats(srv); n != 2 {
		t.Errorf("%d of 2 connections in a loop", n)
	}
	list := srv.Clients()
	if len(list) != 2 || list[1].Addr.String() != conn.LocalAddr().String() {
		t.Errorf("clients: %v, want the second at %v", list, conn.LocalAddr())
	}
	ours, theirs := net.Pipe()
	var served sync.WaitGroup
	served.Go(func() { _ = srv.ServeConn(theirs) })
	pipe := newClient(t, ours)
	pipe.send(req(wire.OpPing, ""))
	pipe.want("OK")
	if n := seats(srv); n != 2 {
		t.Errorf("%d connections in a loop, want 2: a pipe is not a socket", n)
	}
	_ = ours.Close()
	served.Wait()
}

// TestLoopEndsWithItsSessions checks that a loop without sessions holds
// neither a goroutine nor descriptors, and that it begins again.
func TestLoopEndsWithItsSessions(t *testing.T) {
	srv := &Server{}
	path := looped(t, srv)
	for range 3 {
		c, d := dial(t, path), dial(t, path)
		for _, c := range []*client{c, d} {
			c.send(req(wire.OpPing, ""))
			c.want("OK")
		}
		_, _ = c.Close(), d.Close()
		wantSeats(srv, 0)
		l := srv.loops.all[0]
		for open := true; open; runtime.Gosched() {
			l.mu.Lock()
			open = l.epoll >= 0
			l.mu.Unlock()
		}
	}
}

// TestMovesOut: a connection whose client does not read, whose requests are
// big, or which lingers, leaves the loop and loses nothing.
func TestMovesOut(t *testing.T) {
	srv := &Server{}
	path := looped(t, srv)
	stays := dial(t, path)
	val := strings.Repeat("0123456789", 1000)
	stays.send(req(wire.OpSet, "0 k "+val))
	stays.want("=" + val)

	slow := dial(t, path)
	const n = 200 // 2 MB of replies, more than sockets hold
	for i := range n {
		slow.send(reqs(req(wire.OpGet, "k"), req(wire.OpInc, fmt.Sprintf("n%d", i%3))))
	}
	wantSeats(srv, 1)
	for i := range n {
		slow.want("=" + val)
		slow.want(fmt.Sprintf("#%d", i/3+1))
	}

	bulk := dial(t, path)
	big := strings.Repeat("v", 1<<20)
	bulk.send(req(wire.OpSet, "0 big "+big)[:bulky+1])
	bulk.send(req(wire.OpSet, "0 big "+big)[bulky+1:])
	bulk.want("=" + big)
	wantSeats(srv, 1)

	lingers := dial(t, path)
	lingers.send(reqs(req(wire.OpPing, ""), unknown))
	lingers.want("OK")
	lingers.want("ERR")
	wantSeats(srv, 1)

	for _, c := range []*client{stays, slow, bulk} {
		c.send(req(wire.OpPing, ""))
		c.want("OK")
	}
	if list := srv.Clients(); len(list) < 3 || list[0].Requests != 2 || list[1].Requests != 2*n+1 {
		t.Errorf("clients: %+v", list)
	}
	if !srv.Kill(2) {
		t.Error("the slow client was not found")
	}
	slow.wantEnd()
}

// TestKillInTheLoop cuts a connection whose request is being executed, and one
// that waits for its client.
func TestKillInTheLoop(t *testing.T) {
	entered, goOn := make(chan bool), make(chan bool)
	srv := &Server{}
	hookGet(srv, func([]byte) {
		entered <- true
		<-goOn
	})
	path := looped(t, srv)
	busy := dial(t, path)
	busy.send(req(wire.OpGet, "k"))
	<-entered
	if !srv.Kill(1) {
		t.Error("not found")
	}
	busy.wantEnd()
	close(goOn)
	wantSeats(srv, 0)
	idle := dial(t, path)
	idle.send(req(wire.OpPing, ""))
	idle.want("OK")
	if !srv.Kill(2) {
		t.Error("not found")
	}
	idle.wantEnd()
	wantSeats(srv, 0)
}

// TestIdleTimeoutInTheLoop: a client that never sends anything is cut although
// the loop waits without a bound, and each byte prolongs the wait.
func TestIdleTimeoutInTheLoop(t *testing.T) {
	srv := &Server{}
	path := looped(t, srv)
	first := dial(t, path)
	first.send(req(wire.OpPing, ""))
	first.want("OK")
	second := dial(t, path) // it is answered in a later round, when the first one waits
	second.send(req(wire.OpPing, ""))
	second.want("OK")
	if err := srv.Adjust(0, 50*time.Millisecond, 0); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	silent := dial(t, path)
	silent.wantEnd()
	if d := time.Since(begun); d < 50*time.Millisecond {
		t.Errorf("cut after %v", d)
	}
	first.send(req(wire.OpPing, "")) // its wait began before there was a bound
	first.want("OK")
	first.wantEnd()
}

// TestManyIdleInTheLoop lets connections expire at different times.
func TestManyIdleInTheLoop(t *testing.T) {
	srv := &Server{IdleTimeout: 20 * time.Millisecond}
	path := looped(t, srv)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			c := dial(t, path)
			for range i % 7 {
				_, werr := c.Write(req(wire.OpPing, ""))
				if _, err := c.reply(); errors.Join(werr, err) != nil {
					return // the machine was slow
				}
			}
			c.wantEnd()
		})
	}
	wg.Wait()
	wantSeats(srv, 0)
}

// TestPanicInARound lets one of several connections that are executed together
// panic, in the engine and in OnBatch.
func TestPanicInARound(t *testing.T) {
	var armed sync.Map
	entered, goOn := make(chan bool), make(chan bool)
	log := newLogRecorder()
	srv := &Server{Logger: log.logger(), OnBatch: func(b *Batch) {
		if string(b.Key) == "boom in OnBatch" || string(b.Key) == "boom" {
			panic("a defect in " + string(b.Key))
		}
	}}
	hookGet(srv, func(key []byte) {
		switch string(key) {
		case "wait":
			if _, again := armed.LoadOrStore("wait", true); !again {
				entered <- true
				<-goOn
			}
		case "boom":
			panic("a defect")
		}
	})
	path := looped(t, srv)
	var all []*client
	for range 9 {
		c := dial(t, path)
		c.send(req(wire.OpPing, ""))
		c.want("OK")
		all = append(all, c)
	}
	all[0].send(req(wire.OpGet, "wait"))
	<-entered
	for i, c := range all[1:] { // all of these come into the next round
		key := "k"
		if i%4 == 1 {
			key = "boom"
		}
		c.send(reqs(req(wire.OpInc, "n"), req(wire.OpGet, key), req(wire.OpInc, "n")))
	}
	close(goOn)
	all[0].want("NOT_FOUND")
	for i, c := range all[1:] {
		if i%4 == 1 {
			c.wantEnd()
			continue
		}
		if _, err := c.reply(); err != nil {
			t.Fatal(err)
		}
		c.want("NOT_FOUND")
		if _, err := c.reply(); err != nil {
			t.Fatal(err)
		}
	}
	all[0].send(req(wire.OpDec, "n"))
	all[0].want("#13") // 6 × 2 + 2 × 1 − 1
	if n := srv.Stats().Panics; n != 2 {
		t.Errorf("%d panics counted, want 2", n)
	}
	if got := count(t, srv); !strings.Contains(got, "INC VAL 14") {
		t.Errorf("counted %s", got)
	}
}

// TestRoundIsOneTurn checks that connections which are ready together share
// turns, and that a turn's bounds hold for all of them together.
func TestRoundIsOneTurn(t *testing.T) {
	for _, test := range []struct {
		srv   *Server
		turns int64
	}{
		{&Server{}, 1},
		{&Server{MaxBatchRequests: 4}, 5},
		{&Server{MaxBatchBytes: 32}, 5}, // four replies of 8 bytes
	} {
		entered, goOn := make(chan bool), make(chan bool)
		srv := test.srv
		hookGet(srv, func([]byte) {
			entered <- true
			<-goOn
		})
		path := looped(t, srv)
		first := dial(t, path)
		var others []*client
		for range 10 {
			c := dial(t, path)
			c.send(req(wire.OpPing, ""))
			c.want("OK")
			others = append(others, c)
		}
		first.send(req(wire.OpGet, "k"))
		<-entered
		for _, c := range others {
			c.send(reqs(req(wire.OpPing, ""), req(wire.OpPing, "")))
		}
		before := srv.Stats().Batches
		close(goOn)
		first.want("NOT_FOUND")
		for _, c := range others {
			c.want("OK")
			c.want("OK")
		}
		if got := srv.Stats().Batches - before - 1; got != test.turns {
			t.Errorf("MaxBatchRequests %d, MaxBatchBytes %d: %d turns for 10 × 2 requests, want %d", test.srv.MaxBatchRequests, test.srv.MaxBatchBytes, got, test.turns)
		}
	}
}

// TestRoundsAreFair: a client with an endless pipeline does not keep others
// from being served.
func TestRoundsAreFair(t *testing.T) {
	path := looped(t, &Server{MaxBatchRequests: 8})
	greedy, other := dial(t, path), dial(t, path)
	stop := make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		flood := bytes.Repeat(req(wire.OpPing, ""), 10_000)
		for {
			select {
			case <-stop:
				_ = greedy.Conn.(*net.UnixConn).CloseWrite()
				return
			default:
				greedy.send(flood)
			}
		}
	})
	wg.Go(func() { _, _ = io.Copy(io.Discard, greedy.Conn) })
	for range 100 {
		other.send(req(wire.OpPing, ""))
		other.want("OK")
	}
	close(stop)
	wg.Wait()
}

// TestRoundsAreBounded: however many clients keep a loop busy, so many as a
// round has are served at a time, and nothing is lost.
func TestRoundsAreBounded(t *testing.T) {
	srv := &Server{MaxBatchRequests: 8}
	entered, goOn := make(chan bool), make(chan bool)
	hookGet(srv, func([]byte) {
		entered <- true
		<-goOn
	})
	path := looped(t, srv)
	first := dial(t, path)
	first.send(req(wire.OpGet, "k"))
	<-entered
	const requests = 100
	var all []*client
	for range 3 * maxRound {
		c := dial(t, path)
		c.send(bytes.Repeat(req(wire.OpPing, ""), requests))
		all = append(all, c)
	}
	close(goOn)
	for _, c := range all {
		for range requests {
			c.want("OK")
		}
	}
	if err := srv.Close(); err != nil { // the loop has ended
		t.Fatal(err)
	}
	if n := cap(srv.loops.all[0].round); n > maxRound {
		t.Errorf("a round of up to %d sessions, want at most %d", n, maxRound)
	}
}

// TestShortReads: what a client sends with a descriptor or urgent data beside
// it cannot be read at once, although there is room. No more arrives, so the
// loop has to know that there is more.
func TestShortReads(t *testing.T) {
	srv := &Server{}
	path := looped(t, srv)
	c := dial(t, path)
	ping := req(wire.OpPing, "")
	for range 20 {
		rights := unix.UnixRights(0)
		raw, err := c.Conn.(*net.UnixConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var serr error
		if err := raw.Control(func(fd uintptr) {
			serr = errors.Join(unix.Sendmsg(int(fd), ping, rights, nil, 0), unix.Sendmsg(int(fd), reqs(ping, ping[:3]), rights, nil, 0))
		}); err != nil || serr != nil {
			t.Fatal(err, serr)
		}
		c.send(ping[3:])
		for range 3 {
			c.want("OK")
		}
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, srv, l)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	tcp := newClient(t, conn)
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		var serr error
		if err := raw.Control(func(fd uintptr) {
			serr = errors.Join(unix.Sendto(int(fd), ping, 0, nil),
				unix.Send(int(fd), []byte{'!'}, unix.MSG_OOB), unix.Sendto(int(fd), ping, 0, nil))
		}); err != nil || serr != nil {
			t.Fatal(err, serr)
		}
		tcp.want("OK")
		tcp.want("OK")
	}
}

// TestLooksForLateOnesSeldom: sessions whose waits end one after the other do
// not make the loop go through all of them every time.
func TestLooksForLateOnesSeldom(t *testing.T) {
	l := newLoop(&Server{})
	for i := range 100 {
		l.table = append(l.table, &session{seat: seat{expires: int64(i) + 1}})
	}
	l.alarm = 1
	l.expire(50)
	if len(l.ready) != 50 || l.alarm != 50+slack {
		t.Errorf("%d sessions are late, want 50; the next look is at %d, want %d", len(l.ready), l.alarm, 50+slack)
	}
	l.expire(50 + slack)
	if len(l.ready) != 100 || l.alarm != never {
		t.Errorf("%d sessions are late, want 100; the next look is at %d, want never", len(l.ready), l.alarm)
	}
}

// TestShutdownOfALoop stops a server with many connections in all states.
func TestShutdownOfALoop(t *testing.T) {
	srv := &Server{Loops: 2, IdleTimeout: time.Hour}
	path := start(t, srv)
	var idle []*client
	for i := range 100 {
		c := dial(t, path)
		c.send(req(wire.OpPing, "")[:1+i%6])
		idle = append(idle, c)
	}
	var wg sync.WaitGroup
	begun := make(chan bool, 20)
	for range 20 {
		wg.Go(func() {
			c := dial(t, path)
			for i := 0; ; i++ {
				if _, err := c.Write(req(wire.OpInc, "n")); err != nil {
					break
				}
				if _, err := c.reply(); err != nil {
					if i == 0 {
						begun <- true
					}
					break
				}
				if i == 0 {
					begun <- true
				}
			}
		})
	}
	for range 20 {
		<-begun
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	for _, c := range idle {
		for {
			if _, err := c.reply(); err != nil {
				if isTimeout(err) {
					t.Error(err)
				}
				break
			}
		}
	}
	if n := seats(srv); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// TestJoinRefused: without a descriptor to spare, or after a Kill, a session
// is served by a goroutine.
func TestJoinRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(s *session)
		alive bool
	}{
		{"killed before", func(s *session) { s.cut() }, false},
		{"stopped before", func(s *session) { s.srv.stopping.Store(true); s.hurry() }, false},
		{"no epoll", func(s *session) { s.seat.loop.epoll = 1 << 20 }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := &Server{Cache: newCache(t, nil), Loops: 1}
			if err := srv.setUpOnce(); err != nil {
				t.Fatal(err)
			}
			fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			var ends [2]net.Conn
			for i, fd := range fds {
				f := os.NewFile(uintptr(fd), "pair")
				ends[i], err = net.FileConn(f)
				if err := errors.Join(err, f.Close()); err != nil {
					t.Fatal(err)
				}
			}
			s, err := srv.admit(ends[0], true)
			if err != nil || s.seat.loop == nil {
				t.Fatalf("admitted to loop %v: %v", s.seat.loop, err)
			}
			test.spoil(s)
			if s.seat.join(s) {
				t.Fatal("joined")
			}
			var wg sync.WaitGroup
			wg.Go(s.run)
			c := newClient(t, ends[1])
			if test.alive {
				c.send(req(wire.OpPing, ""))
				c.want("OK")
				_ = c.Close()
			} else {
				c.wantEnd()
			}
			wg.Wait()
		})
	}
}
