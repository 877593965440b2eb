package cache

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestClimb: the share goes on in one direction while more uses are hits than
// before, and turns when it is fewer; steps become smaller until the load
// changes.
func TestClimb(t *testing.T) {
	t.Parallel()
	const items, uses = 100, climbPeriod * 100
	const small = climbStep * climbDecay
	type period struct {
		hits int64   // of 1000 uses
		move float64 // of the share
	}
	for name, periods := range map[string][]period{
		"better and better":     {{500, -climbStep}, {510, -climbStep}, {520, -small}, {530, -small * climbDecay}},
		"the same":              {{500, -climbStep}, {500, -climbStep}, {500, -small}},
		"worse":                 {{500, -climbStep}, {490, climbStep}},
		"worse, then better":    {{500, -climbStep}, {490, climbStep}, {495, small}, {500, small * climbDecay}},
		"worse, worse again":    {{500, -climbStep}, {490, climbStep}, {480, -small}, {470, small * climbDecay}},
		"much better":           {{500, -climbStep}, {510, -climbStep}, {700, -small}, {710, -climbStep}},
		"much worse":            {{500, -climbStep}, {510, -climbStep}, {300, small}, {310, climbStep}},
		"nothing but newcomers": {{0, -climbStep}, {0, -small}, {0, -small * climbDecay}},
	} {
		c := newClimber(7, 3)
		n, made := int64(7), int64(3)
		for i, p := range periods {
			before := c.share
			// Nothing moves before the period is over.
			c.climb(n+uses-1, made, items)
			if c.share != before {
				t.Errorf("%s: the share moved before period %d was over", name, i)
			}
			n += uses
			made += uses - p.hits
			c.climb(n, made, items)
			if moved := c.share - before; math.Abs(moved-p.move) > 1e-9 {
				t.Errorf("%s: after period %d, with %d hits, the share moved by %.5f, want %.5f", name, i, p.hits, moved, p.move)
			}
		}
	}
}

// TestClimbEnds: the share stays between its bounds, and comes back from either.
func TestClimbEnds(t *testing.T) {
	t.Parallel()
	const items, uses = 100, climbPeriod * 100
	for _, end := range []struct{ step, share float64 }{{-climbStep, shareLeast}, {climbStep, shareMost}} {
		c := newClimber(0, 0)
		c.step = end.step
		n, made := int64(0), int64(0)
		period := func(hits int64) {
			n, made = n+uses, made+uses-hits
			c.climb(n, made, items)
		}
		for hits := range int64(100) {
			period(500 + hits)
			if c.share < shareLeast || c.share > shareMost {
				t.Fatalf("the share is %v", c.share)
			}
		}
		if c.share != end.share {
			t.Errorf("the share is %v while all goes well, want %v", c.share, end.share)
		}
		period(500)
		if c.share == end.share {
			t.Errorf("the share stays at %v when it gets worse", c.share)
		}
	}
}

// TestFullCacheAdapts: the uses of a full cache make the share of the window
// move and the counts of the keys age.
func TestFullCacheAdapts(t *testing.T) {
	t.Parallel()
	const items = 100
	c, _ := withClock(t, Options{MaxItems: items})
	r := rand.New(rand.NewPCG(7, 8))
	set(t, c, "first", "v", 0) // from now on uses are watched
	e := &c.evictor
	moved, halved := 0, 0
	for range 10 * agingPeriod * items {
		share, adds := e.climber.share, e.sketch.adds.Load()
		set(t, c, fmt.Sprint("key:", r.IntN(3*items)), "v", 0)
		if e.climber.share != share {
			moved++
		}
		if e.sketch.adds.Load() < adds {
			halved++
		}
	}
	if moved < 15 || halved < 15 {
		t.Errorf("the share moved %d times and the counts were halved %d times, want about 20", moved, halved)
	}
}
