package main

import (
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// made returns samples in which everything stays as it is.
func made() []sample {
	var all []sample
	for i := range 100 {
		all = append(all, sample{
			at: time.Duration(i) * time.Second, resident: 100e6, goroutines: 20, descriptors: 20, items: 1000,
			evicted: float64(i), rate: 1e4, p99: time.Millisecond,
		})
	}
	return all
}

// TestVerdict spoils one figure at a time and expects the verdict to be bad.
func TestVerdict(t *testing.T) {
	idle := sample{goroutines: 10, descriptors: 10}
	if err := judge(options{}, made(), idle, idle, nil, nil); err != nil {
		t.Errorf("nothing is wrong: %v", err)
	}
	spoil := func(name string, change func(s *sample)) {
		samples := made()
		for i := 70; i < len(samples); i++ {
			change(&samples[i])
		}
		if judge(options{}, samples, idle, idle, nil, nil) == nil {
			t.Errorf("%s: the verdict is good", name)
		}
	}
	spoil("memory", func(s *sample) { s.resident = 120e6 })
	spoil("goroutines", func(s *sample) { s.goroutines = 40 })
	spoil("descriptors", func(s *sample) { s.descriptors = 40 })
	spoil("latency", func(s *sample) { s.p99 *= 5 })
	spoil("panics", func(s *sample) { s.panics = 1 })
	spoil("no eviction", func(s *sample) { s.evicted = 0 })
	left := sample{goroutines: 20, descriptors: 10}
	if judge(options{}, made(), idle, left, nil, nil) == nil {
		t.Error("goroutines that stay: the verdict is good")
	}
	left = sample{goroutines: 10, descriptors: 20}
	if judge(options{}, made(), idle, left, nil, nil) == nil {
		t.Error("descriptors that stay: the verdict is good")
	}
	if judge(options{}, made(), idle, idle, map[string]int{"x": 1}, nil) == nil {
		t.Error("an error: the verdict is good")
	}
	if judge(options{}, made(), idle, idle, nil, errors.New("x")) == nil {
		t.Error("a bad end: the verdict is good")
	}
	if judge(options{}, made()[:10], idle, idle, nil, nil) == nil {
		t.Error("too short: the verdict is good")
	}
}

func TestPlot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.png")
	if err := plot(path, made()); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != plotWidth || b.Dy() < 5*panelHeight {
		t.Errorf("the plot is %v", b)
	}
}

func TestLetters(t *testing.T) {
	for r, dots := range letters {
		if len(dots) != 15 {
			t.Errorf("letter %q has %d dots, want 15", r, len(dots))
		}
	}
}

// TestLoadHasNoDeadline: the end of the load reaches clients by no way but its
// context, so that what they see of it is told from a fault.
func TestLoadHasNoDeadline(t *testing.T) {
	ctx, cancel := lasting(t.Context(), time.Microsecond)
	defer cancel()
	if end, has := ctx.Deadline(); has {
		t.Errorf("the load has a deadline, %v", end)
	}
	<-ctx.Done()
}
