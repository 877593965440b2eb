package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/cache"
)

// TestJudge: the engine's own is what its locks together, or one of them, took
// of the processor while the machine ran, whoever the stall is blamed on.
func TestJudge(t *testing.T) {
	row := func(n int) (all []cache.Hold) {
		for i := range n {
			all = append(all, hold(1000*i, 1000*i+900, 900))
		}
		return all
	}
	stalled := []load.Stall{{Span: span(0, 12000), Slowest: span(0, 10000)}}
	for name, test := range map[string]struct {
		holds  []cache.Hold
		stalls []load.Stall
		late   []load.Span
		gc     time.Duration
		own    int
		says   string
	}{
		"no stall":                       {says: "no stall of 5ms or more is the engine's own"},
		"short ones in a row":            {holds: row(10), stalls: stalled, own: 1, says: "1 times the engine itself took 5ms or more, at most 9.00 ms"},
		"a row that hurt nobody":         {holds: row(10), says: "no stall"},
		"as many as always":              {holds: row(100_000), stalls: stalled, says: "no stall of 5ms or more is the engine's own"},
		"too few":                        {holds: row(5), stalls: stalled, says: "took at most 4.50 ms of one"},
		"without a processor":            {holds: []cache.Hold{hold(0, 20000, 4000)}, stalls: stalled, says: "no stall"},
		"a long one":                     {holds: []cache.Hold{hold(0, 6000, 5000)}, stalls: stalled, own: 1, says: "at most 5.00 ms"},
		"a long one that hurt nobody":    {holds: []cache.Hold{hold(0, 6000, 5000)}, own: 1, says: "at most 5.00 ms"},
		"stolen":                         {holds: []cache.Hold{hold(0, 6000, 6000)}, stalls: stalled, late: []load.Span{span(0, 4000)}, says: "at most 2.00 ms (by the thread's clock 6.00 ms, while a watcher was late) of one"},
		"a watcher was late for a while": {holds: []cache.Hold{hold(0, 6000, 6000)}, stalls: stalled, late: []load.Span{span(0, 1000)}, own: 1, says: "at most 5.00 ms"},
		"while it got memory":            {holds: []cache.Hold{faulty(hold(0, 6000, 6000))}, late: []load.Span{span(0, 4000)}, own: 1, says: "at most 6.00 ms"},
		"some that got memory":           {holds: []cache.Hold{faulty(hold(0, 4000, 4000)), faulty(hold(5000, 9000, 4000))}, stalls: stalled, late: []load.Span{span(0, 9000)}, own: 1, says: "at most 8.00 ms"},
		"garbage collector":              {gc: threshold, own: 1, says: "at most 5.00 ms"},
	} {
		h := holds{Time: newTimeline(origin, 2*time.Minute), GCPause: test.gc}
		h.add(hold(100_000_000, 100_000_000, 0)) // nothing for long
		for _, hold := range test.holds {
			h.add(hold)
		}
		f := h.judge(test.stalls, test.late, threshold)
		if f.own != test.own {
			t.Errorf("%s: %d are the engine's own, want %d", name, f.own, test.own)
		}
		if v := f.verdict(threshold, blamed{}, 0); !strings.Contains(v, test.says) || strings.Contains(v, "no stall") != (test.own == 0) {
			t.Errorf("%s: verdict %q, want %q", name, v, test.says)
		}
	}
}

func faulty(h cache.Hold) cache.Hold {
	h.Faults = 1
	return h
}

func TestVerdictHidesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		finding finding
		blamed  blamed
		dropped int64
		want    string
	}{
		"stalls without a cause": {blamed: blamed{others: 3, worst: 7 * time.Millisecond}, want: "no stall of 5ms or more is the engine's own; 3 stalls are not the machine's, the slowest request 7.00 ms"},
		"locks that are missing": {finding: finding{missing: 2}, want: "unknown: 2 locks and 0 slow requests were not noted"},
		"watchers always late":   {finding: finding{late: 0.2}, blamed: blamed{machine: 1}, want: "unknown: the watchers were late for 20.00 % of the run"},
		"late, but no stall":     {finding: finding{late: 0.2}, want: "no stall of 5ms or more is the engine's own"},
		"too many slow requests": {dropped: 4, want: "unknown: 0 locks and 4 slow requests were not noted"},
	} {
		if got := test.finding.verdict(threshold, test.blamed, test.dropped); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestHolds(t *testing.T) {
	h := newHolds()
	at := time.Now()
	for range maxHolds + 3 {
		h.add(cache.Hold{Start: at, Wall: 3, CPU: holdNoted})
	}
	h.add(cache.Hold{Start: at, Wall: time.Minute, CPU: holdNoted - 1})
	h.add(cache.Hold{Start: at, Wall: 7, CPU: 5, Faults: 2, Background: true})
	if len(h.Long) != maxHolds || h.Dropped != 3 {
		t.Errorf("%d are kept and %d dropped, want %d, 3", len(h.Long), h.Dropped, maxHolds)
	}
	if want := (holdsOf{1, 7, 5}); h.Faulty != want {
		t.Errorf("with page faults %+v, want %+v", h.Faulty, want)
	}
	if want := (holdsOf{maxHolds + 4, time.Minute, holdNoted}); h.Batches != want {
		t.Errorf("batches %+v, want %+v", h.Batches, want)
	}
	if want := (holdsOf{1, 7, 5}); h.Steps != want {
		t.Errorf("steps %+v, want %+v", h.Steps, want)
	}
}

// TestHoldsInAFile: what one process writes the other judges alike.
func TestHoldsInAFile(t *testing.T) {
	h := newHolds()
	h.add(cache.Hold{Start: h.Time.Base.Add(threshold), Wall: 2 * threshold, CPU: 2 * threshold})
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "holds")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := readHolds(file)
	if err != nil {
		t.Fatal(err)
	}
	at := h.Time.Base.Round(0)
	stalls := []load.Stall{{Slowest: load.Span{From: at, To: at.Add(time.Second)}}}
	if f := read.judge(stalls, nil, threshold); f.own != 1 || f.most.thread != 2*threshold {
		t.Errorf("%+v, want one of %v", f, 2*threshold)
	}
}
