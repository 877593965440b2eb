package server

import (
	"sync/atomic"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// unsettled is an engine in which many lives have ended, until ready.
type unsettled struct {
	engine
	ready *atomic.Bool
}

func (e unsettled) Settle() bool { return e.ready.Load() && e.engine.Settle() }

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
				return unsettled{e, &ready}, nil
			}
			path := start(t, srv)
			patient, other := dial(t, path), dial(t, path)
			other.send(req(wire.OpSet, "0 key value"))
			other.want("=value")
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
			for _, want := range []string{"#1", "{0=key}", "{key=value}", "#1", "NOT_FOUND"} {
				patient.want(want)
			}
		})
	}
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
