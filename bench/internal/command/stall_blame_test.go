package command

import (
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/bench/internal/noise"
)

// origin is when the spans of these tests begin, without a monotonic clock, as
// what another process has written down.
var origin = time.Now().Round(0)

// span returns a span in microseconds from origin.
func span(from, to int) load.Span {
	return load.Span{From: origin.Add(time.Duration(from) * time.Microsecond), To: origin.Add(time.Duration(to) * time.Microsecond)}
}

const threshold = 5 * time.Millisecond

// TestBlame: only the time in which a watcher was late excuses, and it must be
// what made the slowest request slow.
func TestBlame(t *testing.T) {
	for name, test := range map[string]struct {
		slowest load.Span
		late    []load.Span
		gaps    []load.Span
		machine bool
	}{
		"nobody was late":         {slowest: span(1000, 7000)},
		"all the time":            {slowest: span(1000, 7000), late: []load.Span{span(0, 9000)}, machine: true},
		"just long enough":        {slowest: span(1000, 7000), late: []load.Span{span(2000, 3001)}, machine: true},
		"not long enough":         {slowest: span(1000, 7000), late: []load.Span{span(2000, 3000)}},
		"two together":            {slowest: span(1000, 7000), late: []load.Span{span(500, 1600), span(6500, 8000)}, machine: true},
		"both at once count once": {slowest: span(1000, 7000), late: []load.Span{span(2000, 2800), span(2100, 2900)}},
		"earlier in the stall":    {slowest: span(1000, 7000), late: []load.Span{span(0, 1000)}},
		"the generator paused":    {slowest: span(1000, 7000), gaps: []load.Span{span(0, 7000)}},
	} {
		stall := load.Stall{Span: span(0, 8000), Requests: 3, Slowest: test.slowest}
		want := blamed{others: 1, worst: test.slowest.Length(), paused: len(test.gaps), slow: 3}
		if test.machine {
			want = blamed{machine: 1, slow: 3, excused: 3}
		}
		if got := blame([]load.Stall{stall}, test.late, test.gaps, threshold); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestBlameAddsUp(t *testing.T) {
	stalls := []load.Stall{
		{Span: span(0, 6000), Requests: 1, Slowest: span(0, 6000)},
		{Span: span(10000, 17000), Requests: 2, Slowest: span(10000, 17000)},
		{Span: span(20000, 30000), Requests: 4, Slowest: span(20000, 29000)},
	}
	got := blame(stalls, []load.Span{span(2000, 4000)}, []load.Span{span(29500, 31000), span(0, 6000)}, threshold)
	if want := (blamed{machine: 1, others: 2, worst: 9 * time.Millisecond, paused: 1, slow: 7, excused: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if v := got.verdict(); !strings.HasPrefix(v, "2 stalls") {
		t.Errorf("verdict %q, want the 2 stalls that nobody explains", v)
	}
	if v := (blamed{machine: 1}).verdict(); v != "none but the machine's" {
		t.Errorf("verdict %q", v)
	}
}

// TestWatchersSayWhetherTheyCount: without priority it may have been the server
// that kept them waiting.
func TestWatchersSayWhetherTheyCount(t *testing.T) {
	late := []load.Span{span(0, 1500)}
	for realTime, want := range map[bool]string{
		true:  "the watchers ran on 2 CPUs with real-time priority and were late 1 times",
		false: "excuse nothing, and were late 1 times",
	} {
		excuse, said := watchers(&noise.Watch{RealTime: realTime, CPUs: 2}, late, 0)
		if !strings.Contains(said, want) {
			t.Errorf("real-time %v: %q lacks %q", realTime, said, want)
		}
		if (len(excuse) == 1) != realTime {
			t.Errorf("real-time %v: excused are %v", realTime, excuse)
		}
	}
}

func TestCovered(t *testing.T) {
	if d := covered([]load.Span{span(50, 60), span(0, 10), span(5, 12), span(2, 3), span(55, 60)}); d != 22*time.Microsecond {
		t.Errorf("covered = %v, want 22µs", d)
	}
}
