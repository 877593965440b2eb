package noise

import (
	"runtime"
	"testing"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWatchEnds(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2 + 2*runtime.NumCPU()))
	w, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	if w.CPUs < 1 {
		t.Errorf("%d watchers, want at least one", w.CPUs)
	}
	gaps, longest := w.Stop()
	for _, g := range gaps {
		if d := g.To.Sub(g.From); d < late || d > longest {
			t.Errorf("gap of %v, want %v to %v", d, late, longest)
		}
	}
}

func TestAddKeepsTheLongest(t *testing.T) {
	var w Watch
	at := time.Now()
	w.add([]load.Span{{From: at, To: at.Add(5)}})
	w.add([]load.Span{{From: at, To: at.Add(3)}})
	if gaps, longest := w.Stop(); len(gaps) != 2 || longest != 5 {
		t.Errorf("%d gaps, longest %v, want 2, 5ns", len(gaps), longest)
	}
}
