package sample

import (
	"math"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{{nil, 0}, {[]float64{5}, 5}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := Median(c.in); got != c.want {
			t.Errorf("Median(%v) = %v, want %v", c.in, got, c.want)
		}
	}
	if got := Median([]time.Duration{3, 1}); got != 2 {
		t.Errorf("Median of durations = %v, want 2ns", got)
	}
	in := []int{3, 1, 2}
	Median(in)
	if in[0] != 3 {
		t.Error("Median sorted its argument")
	}
}

func TestRatioPairsRounds(t *testing.T) {
	// The machine was half as fast in the second round; the ratio is not
	// impressed.
	if got := Ratio([]float64{200, 100, 200}, []float64{100, 50, 100}); got != 2 {
		t.Errorf("Ratio = %v, want 2", got)
	}
	if got := Ratio([]float64{1, 2}, []float64{0, 1}); got != 2 {
		t.Errorf("Ratio with an empty round = %v, want 2", got)
	}
	if got := Ratio([]float64{1}, nil); got != 0 {
		t.Errorf("Ratio to nothing = %v, want 0", got)
	}
}

func TestSpread(t *testing.T) {
	if got := Spread([]float64{90, 100, 120}); math.Abs(got-0.3) > 1e-9 {
		t.Errorf("Spread = %v, want 0.3", got)
	}
	if got := Spread([]float64{}); got != 0 {
		t.Errorf("Spread of nothing = %v, want 0", got)
	}
}
