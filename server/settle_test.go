package server

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// unsettled is an engine in which many lives have ended, until ready.
type unsettled struct {
	engine
	ready *atomic.Bool
	asked *int // in this turn
}

func (e unsettled) Settle() bool {
	*e.asked++
	return e.ready.Load() && e.engine.Settle()
}

func (e unsettled) Count(prefix []byte) int64 {
	if !e.ready.Load() {
		return -1
	}
	return e.engine.Count(prefix)
}

// TestCommandsOnFamiliesLetOthersPass: while one waits until items are gone,
// other clients are served; its own client's requests keep their order.
func TestCommandsOnFamiliesLetOthersPass(t *testing.T) {
	for name, loops := range map[string]int{"event loop": 1, "goroutines": -1} {
		t.Run(name, func(t *testing.T) {
			var ready atomic.Bool
			srv := &Server{Loops: loops}
			srv.begin = func() (engine, error) {
				e, err := srv.beginBatch()
				if err != nil {
					return nil, err
				}
				return unsettled{e, &ready, new(int)}, nil
			}
			path := start(t, srv)
			patient, other := dial(t, path), dial(t, path)
			other.send(req(wire.OpSet, "0 key value"))
			other.want("=value")
			patient.send(append(req(wire.OpGet, "key"), req(wire.OpStats, "")...))
			patient.want("=value") // does not wait for what follows
			for _, request := range [][]byte{
				req(wire.OpCount, "k"), req(wire.OpKeys, "k"), req(wire.OpMGet, "k"), req(wire.OpMDel, "k"), req(wire.OpGet, "key"),
			} {
				patient.send(request)
			}
			for range 3 {
				other.send(req(wire.OpGet, "key"))
				other.want("=value")
			}
			ready.Store(true)
			if r, err := patient.reply(); err != nil || r.Code != wire.CodeKVal {
				t.Fatalf("STATS: %v, %v", r.Code, err)
			}
			for _, want := range []string{"#1", "{0=key}", "{key=value}", "#1", "NOT_FOUND"} {
				patient.want(want)
			}
		})
	}
}

// TestOneStepForAll: a turn takes one step only, however many sessions of an
// event loop wait for it, and a server that shuts down answers them all.
func TestOneStepForAll(t *testing.T) {
	var ready atomic.Bool
	var turns atomic.Int64
	srv := &Server{Loops: 1}
	srv.begin = func() (engine, error) {
		e, err := srv.beginBatch()
		if err != nil {
			return nil, err
		}
		turns.Add(1)
		return countedSteps{unsettled{e, &ready, new(int)}, t}, nil
	}
	path := start(t, srv)
	var patient []*client
	for range 20 {
		c := dial(t, path)
		c.send(append(req(wire.OpPing, ""), req(wire.OpCount, "k")...))
		c.want("OK") // so COUNT was read, too
		patient = append(patient, c)
	}
	for before := turns.Load(); turns.Load() < before+1000; {
		runtime.Gosched()
	}
	done := make(chan error)
	go func() { done <- srv.Shutdown(t.Context()) }()
	for !srv.stopping.Load() {
		runtime.Gosched()
	}
	ready.Store(true)
	for _, c := range patient {
		c.want("#0")
		_ = c.Close() // the server lingers for that
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// countedSteps fails the test if it is asked for more than one step that is not
// the last.
type countedSteps struct {
	unsettled
	t *testing.T
}

func (e countedSteps) End() {
	if *e.asked > 1 && !e.ready.Load() {
		e.t.Errorf("%d steps in one turn", *e.asked)
	}
	e.engine.End()
}

// TestWhatCounts: commands on a prefix do, and STATS, unless they are malformed.
func TestWhatCounts(t *testing.T) {
	for _, cmd := range wire.Commands() {
		want := cmd.Prefix || cmd.Op == wire.OpStats
		if got := (&call{op: cmd.Op}).counts(); got != want {
			t.Errorf("%s: %v, want %v", cmd.Name, got, want)
		}
		if (&call{op: cmd.Op, wrong: true}).counts() {
			t.Errorf("malformed %s counts", cmd.Name)
		}
	}
}
