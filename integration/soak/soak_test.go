package main

import (
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// made returns samples in which everything stays as it is.
func made() []sample {
	var all []sample
	for i := range 100 {
		all = append(all, sample{
			at: time.Duration(i) * 10 * time.Second, resident: 100e6, used: 90e6, payload: 60e6, goroutines: 20, descriptors: 20, items: 1000,
			evicted: float64(i), expired: float64(i), removed: float64(i), connections: float64(i),
			rate: 1e4, p99: time.Millisecond,
		})
	}
	return all
}

// fine returns a course in which nothing is wrong.
func fine() course {
	idle := sample{goroutines: 10, descriptors: 10}
	c := course{idle: idle, after: idle, samples: made(), done: &tally{}}
	c.done.sent.Store(200)
	c.done.hasty.Store(100)
	c.after.listed = 100
	c.done.owed.Store(30)
	c.done.cut.Store(30)
	return c
}

// TestVerdict spoils one figure at a time and expects the verdict to be bad,
// because of one rule and no other.
func TestVerdict(t *testing.T) {
	var out strings.Builder
	if err := judge(&out, options{}, fine()); err != nil || strings.Contains(out.String(), "BAD") {
		t.Errorf("nothing is wrong: %v\n%s", err, &out)
	}
	short := fine() // which begins with a mix of items that does not stay
	for i := range short.samples {
		s := &short.samples[i]
		s.at /= 10
		if i >= 70 {
			s.items /= 2
		}
	}
	if err := judge(io.Discard, options{}, short); err != nil {
		t.Errorf("half as many items in a short run: %v", err)
	}
	late := func(change func(s *sample)) func(*course) {
		return func(c *course) {
			for i := 70; i < len(c.samples); i++ {
				change(&c.samples[i])
			}
		}
	}
	all := func(change func(s *sample)) func(*course) {
		return func(c *course) {
			for i := range c.samples {
				change(&c.samples[i])
			}
		}
	}
	for _, tt := range []struct {
		name, rule string
		spoil      func(*course)
	}{
		{"memory grows", "resident memory", late(func(s *sample) { s.resident = 120e6 })},
		{"goroutines grow", "goroutines:", late(func(s *sample) { s.goroutines = 40 })},
		{"descriptors grow", "descriptors:", late(func(s *sample) { s.descriptors = 40 })},
		{"calls take longer", "p99", late(func(s *sample) { s.p99 *= 5 })},
		{"fewer items have room", "items:", late(func(s *sample) { s.items = 600 })},
		{"far fewer items have room in a short run", "items:", func(c *course) {
			for i := range c.samples {
				c.samples[i].at /= 10
			}
			late(func(s *sample) { s.items = 200 })(c)
		}},
		{"there are no items", "items:", all(func(s *sample) { s.items = 0 })},
		{"less payload has room", "payload", late(func(s *sample) { s.payload = 36e6 })},
		{"calls become few", "calls:", late(func(s *sample) { s.rate = 4e3 })},
		{"calls never were", "calls:", all(func(s *sample) { s.rate = 0 })},
		{"nothing evicted", "items evicted", all(func(s *sample) { s.evicted = 0 })},
		{"no longer evicted", "items evicted", late(func(s *sample) { s.evicted = 70 })},
		{"no life ended", "items whose life ended", all(func(s *sample) { s.expired = 0 })},
		{"no life ends any more", "items whose life ended", late(func(s *sample) { s.expired = 70 })},
		{"MDEL without effect", "MDEL", all(func(s *sample) { s.removed = 0 })},
		{"MDEL without effect any more", "MDEL", late(func(s *sample) { s.removed = 70 })},
		{"no new connections", "connections made", all(func(s *sample) { s.connections = 11 })},
		{"no new connections any more", "connections made", late(func(s *sample) { s.connections = 70 })},
		{"requests without a reader not executed", "did not wait", func(c *course) { c.after.listed = 50 }},
		{"none left within a reply", "did not wait", func(c *course) { c.done.owed.Store(0) }},
		{"none left within a request", "did not wait", func(c *course) { c.done.cut.Store(0) }},
		{"a panic", "panics:", late(func(s *sample) { s.panics = 1 })},
		{"a panic after the load", "panics:", func(c *course) { c.after.panics = 1 }},
		{"a panic in the log", "server's log", func(c *course) { c.journal.count = 1 }},
		{"goroutines stay", "goroutines when", func(c *course) { c.after.goroutines = 20 }},
		{"descriptors stay", "descriptors when", func(c *course) { c.after.descriptors = 20 }},
		{"an error", "unexpected errors", func(c *course) { c.errs = map[string]int{"x": 1} }},
		{"a bad end", "ended on SIGTERM", func(c *course) { c.ended = errors.New("x") }},
		{"an early end", "gone after 3s", func(c *course) { c.gone, c.lasted = errors.New("x"), 3*time.Second }},
		{"too short", "samples", func(c *course) { c.samples = c.samples[:10] }},
		{"no samples", "samples", func(c *course) { c.samples = nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := fine()
			tt.spoil(&c)
			var out strings.Builder
			if judge(&out, options{}, c) == nil {
				t.Error("the verdict is good")
			}
			var bad []string
			for line := range strings.Lines(out.String()) {
				if strings.HasPrefix(line, "BAD") {
					bad = append(bad, line)
				}
			}
			if len(bad) != 1 || !strings.Contains(bad[0], tt.rule) {
				t.Errorf("broken rules are %q, want one of %q", bad, tt.rule)
			}
		})
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
