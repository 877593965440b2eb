package server

import (
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/gogibson/gibson/wire"
)

func TestMaxClients(t *testing.T) {
	log := newLogRecorder()
	srv := &Server{MaxClients: 2, Logger: log.logger()}
	path := start(t, srv)
	first, second := dial(t, path), dial(t, path)
	for _, c := range []*client{first, second} {
		c.send(req(wire.OpPing, ""))
		c.want("OK")
	}
	for range 3 {
		dial(t, path).wantEnd()
	}
	st := srv.Stats()
	if st.Clients != 2 || st.Connections != 2 || st.Refused != 3 {
		t.Errorf("%d clients, %d connections, %d refused, want 2, 2, 3", st.Clients, st.Connections, st.Refused)
	}
	if n := strings.Count(log.String(), "too many clients"); n != 1 {
		t.Errorf("logged %d times that there are too many clients, want once in a row", n)
	}
	_ = first.Close()
	for srv.Stats().Clients > 1 { // the test's own time limit guards this
		runtime.Gosched()
	}
	third := dial(t, path)
	third.send(req(wire.OpPing, ""))
	third.want("OK")

	ours, theirs := net.Pipe()
	if err := srv.ServeConn(theirs); err != ErrTooManyClients {
		t.Errorf("ServeConn: %v, want ErrTooManyClients", err)
	}
	newClient(t, ours).wantEnd()
}

// TestRandomClients lets 200 clients at once do what clients do: pipelines of
// all depths, pauses within requests, half-closes, disconnects at any moment,
// and protocol errors. Each checks its replies against a model of its own keys.
func TestRandomClients(t *testing.T) {
	srv := &Server{MaxBatchRequests: 16, MaxBatchBytes: 512}
	path := start(t, srv)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			for session := range 3 {
				randomSession(t, path, fmt.Sprintf("c%d.%d.", i, session), rng)
			}
		})
	}
	wg.Wait()
	for srv.Stats().Clients > 0 {
		runtime.Gosched()
	}
	st := srv.Stats()
	if st.Panics != 0 || st.Connections != 600 {
		t.Errorf("%d panics, %d connections, want 0 and 600", st.Panics, st.Connections)
	}
}

// randomSession is one connection of TestRandomClients.
func randomSession(t *testing.T, path, prefix string, rng *rand.Rand) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Error(err)
		return
	}
	c := newClient(t, conn)
	defer func() { _ = c.Close() }()
	model := map[string]string{}
	for range 10 {
		requests, want := randomRequests(prefix, model, rng)
		cut := rng.IntN(len(requests))
		if rng.IntN(20) == 0 {
			_, _ = c.Write(requests[:cut]) // and away
			return
		}
		// The replies of a pipeline fit a socket's buffer here, so they may be
		// read afterwards.
		for _, piece := range [][]byte{requests[:cut], requests[cut:]} {
			if _, err := c.Write(piece); err != nil {
				t.Error(err)
				return
			}
			runtime.Gosched()
		}
		for i, w := range want {
			r, err := c.reply()
			if err != nil || show(r) != w {
				t.Errorf("%s: reply %d of %d is %s (%v), want %s", prefix, i, len(want), show(r), err, w)
				return
			}
		}
	}
	switch rng.IntN(4) {
	case 0:
		_, _ = c.Write(unknown)
		if r, err := c.reply(); err != nil || show(r) != "ERR" {
			t.Errorf("unknown opcode: %s (%v), want ERR", show(r), err)
		}
	case 1:
		_ = c.Conn.(*net.UnixConn).CloseWrite()
		if _, err := c.reply(); err == nil {
			t.Error("a reply after the last request")
		}
	}
}

// randomRequests makes a pipeline and the replies that model says it gets.
func randomRequests(prefix string, model map[string]string, rng *rand.Rand) (requests []byte, want []string) {
	for range 1 + rng.IntN(40) {
		key := prefix + string(rune('a'+rng.IntN(5)))
		old, exists := model[key]
		switch rng.IntN(5) {
		case 0:
			val := strings.Repeat(string(rune('A'+rng.IntN(26))), 1+rng.IntN(300))
			requests = append(requests, req(wire.OpSet, "0 "+key+" "+val)...)
			want = append(want, "="+val)
			model[key] = val
		case 1, 2:
			requests = append(requests, req(wire.OpGet, key)...)
			if exists {
				want = append(want, "="+old)
			} else {
				want = append(want, "NOT_FOUND")
			}
		case 3:
			requests = append(requests, req(wire.OpDel, key)...)
			if exists {
				want = append(want, "OK")
			} else {
				want = append(want, "NOT_FOUND")
			}
			delete(model, key)
		case 4:
			requests = append(requests, req(wire.OpCount, prefix)...)
			want = append(want, fmt.Sprintf("#%d", len(model)))
		}
	}
	return requests, want
}
