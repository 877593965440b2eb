package command

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/cache"
)

// TestStallJudges runs the server that says how long its cache was locked.
func TestStallJudges(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("runs a server")
	}
	out, err := run(t, "stall", "-servers", "gibson", "-keys", "1000", "-rate", "1000", "-duration", "50ms", "-stall", "1h")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "no stall of 1h0m0s or more is the engine's own") {
		t.Errorf("report lacks the verdict:\n%s", out)
	}
}

// TestHoldsThatAreTheEnginesOwn: long by the thread's time, and no pause of the
// machine at that time.
func TestHoldsThatAreTheEnginesOwn(t *testing.T) {
	at := time.Now()
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	pauses := []load.Span{{From: at.Add(ms(100)), To: at.Add(ms(110))}}
	for _, test := range []struct {
		name string
		hold cache.Hold
		gc   time.Duration
		own  int
	}{
		{"short", cache.Hold{Start: at, Wall: ms(4), CPU: ms(4)}, 0, 0},
		{"without a processor", cache.Hold{Start: at, Wall: ms(20), CPU: ms(4)}, 0, 0},
		{"long", cache.Hold{Start: at, Wall: ms(6), CPU: ms(5)}, 0, 1},
		{"long in the background", cache.Hold{Start: at, Wall: ms(6), CPU: ms(5), Background: true}, 0, 1},
		{"in a pause", cache.Hold{Start: at.Add(ms(105)), Wall: ms(6), CPU: ms(5)}, 0, 0},
		{"garbage collector", cache.Hold{Start: at, Wall: ms(1)}, ms(5), 1},
	} {
		h := holds{GCPause: test.gc}
		h.add(test.hold)
		if own := h.own(ms(5), pauses); own != test.own {
			t.Errorf("%s: %d are the engine's own, want %d", test.name, own, test.own)
		}
		of := h.Batches
		if test.hold.Background {
			of = h.Steps
		}
		if want := (holdsOf{1, test.hold.Wall, test.hold.CPU}); of != want {
			t.Errorf("%s: counted as %+v, want %+v", test.name, of, want)
		}
	}
}

func TestHoldsAreBounded(t *testing.T) {
	var h holds
	for range maxHolds + 3 {
		h.add(cache.Hold{Wall: holdNoted})
	}
	h.add(cache.Hold{Wall: holdNoted - 1})
	if len(h.Long) != maxHolds || h.Dropped != 3 {
		t.Errorf("%d are kept and %d dropped, want %d, 3", len(h.Long), h.Dropped, maxHolds)
	}
}

func TestCovered(t *testing.T) {
	at := time.Now()
	span := func(from, to int) load.Span {
		return load.Span{From: at.Add(time.Duration(from)), To: at.Add(time.Duration(to))}
	}
	if d := covered([]load.Span{span(50, 60), span(0, 10), span(5, 12), span(2, 3), span(55, 60)}); d != 22 {
		t.Errorf("covered = %d, want 22", d)
	}
}
