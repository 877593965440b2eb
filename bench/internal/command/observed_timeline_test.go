package command

import (
	"testing"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/cache"
)

// hold returns a lock in microseconds from origin, with its processor time.
func hold(from, to, cpu int) cache.Hold {
	s := span(from, to)
	return cache.Hold{Start: s.From, Wall: s.Length(), CPU: time.Duration(cpu) * time.Microsecond}
}

// TestShare adds up the processor time of locks in the slots of a span.
func TestShare(t *testing.T) {
	row := func(n, cpu int) (all []cache.Hold) {
		for i := range n {
			all = append(all, hold(1000*i, 1000*i+900, cpu))
		}
		return all
	}
	for name, test := range map[string]struct {
		holds       []cache.Hold
		at          load.Span
		late        []load.Span
		thread, ran int
	}{
		"none":                  {nil, span(0, 9000), nil, 0, 0},
		"short ones in a row":   {row(10, 900), span(0, 10000), nil, 9000, 9000},
		"without a processor":   {row(10, 90), span(0, 10000), nil, 900, 900},
		"a part of them":        {row(10, 900), span(2500, 4100), nil, 2700, 2700},
		"spread over slots":     {[]cache.Hold{hold(500, 4500, 3000)}, span(1000, 2000), nil, 750, 750},
		"one without a length":  {[]cache.Hold{hold(500, 500, 1)}, span(0, 1000), nil, 1, 1},
		"before the first":      {row(2, 900), span(-3000, 1000), nil, 900, 900},
		"after the last":        {row(2, 900), span(5000, 9000), nil, 0, 0},
		"stolen":                {[]cache.Hold{hold(0, 8000, 8000)}, span(0, 8000), []load.Span{span(1000, 7500)}, 8000, 1500},
		"late, but beside it":   {row(10, 400), span(0, 10000), []load.Span{span(3000, 3500)}, 4000, 4000},
		"late, not all beside":  {row(10, 900), span(0, 10000), []load.Span{span(3000, 3500)}, 9000, 8600},
		"late at another time":  {row(5, 900), span(0, 5000), []load.Span{span(5000, 9000)}, 4500, 4500},
		"both late count once":  {row(1, 900), span(0, 1000), []load.Span{span(0, 500), span(100, 500)}, 900, 500},
		"stolen, with a fault":  {[]cache.Hold{faulty(hold(0, 4000, 4000)), hold(4000, 8000, 4000)}, span(0, 8000), []load.Span{span(1000, 7500)}, 8000, 4500},
		"late in the same slot": {row(1, 900), span(0, 400), []load.Span{span(500, 1000)}, 900, 500},
	} {
		line := newTimeline(origin, time.Second)
		for _, h := range test.holds {
			line.add(h)
		}
		us := time.Microsecond
		if got, want := line.share(test.at, test.late), (share{time.Duration(test.thread) * us, time.Duration(test.ran) * us}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// TestTimelineIsBounded: what it has no room for is counted.
func TestTimelineIsBounded(t *testing.T) {
	line := newTimeline(origin, 3*slot)
	for _, h := range []cache.Hold{hold(0, 3000, 10), hold(2999, 3001, 10), hold(3000, 3001, 10), hold(-1, 1, 10)} {
		line.add(h)
	}
	if line.Lost != 3 || len(line.Slots) != 3 {
		t.Errorf("%d are lost, %d slots, want 3, 3", line.Lost, len(line.Slots))
	}
}
