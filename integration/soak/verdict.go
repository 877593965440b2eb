package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"
)

// fewest is how many samples make quarters that can be compared.
const fewest = 20

// settling is how long the first quarter has to be for the second to have its
// mix of items: at first the memory is full of small new ones.
const settling = 2 * time.Minute

// verdict is the rules so far.
type verdict struct {
	w   io.Writer
	bad int
}

func (v *verdict) rule(ok bool, format string, args ...any) {
	word := "ok  "
	if !ok {
		word = "BAD "
		v.bad++
	}
	fmt.Fprintf(v.w, "%s"+format+"\n", append([]any{word}, args...)...)
}

func (v *verdict) quote(lines []string) {
	for _, line := range lines {
		fmt.Fprintf(v.w, "      %s\n", line)
	}
}

// judge writes the verdict and returns an error if it is bad.
func judge(w io.Writer, o options, c course) error {
	v := &verdict{w: w}
	var last sample
	if n := len(c.samples); n > 0 {
		last = c.samples[n-1]
	}
	var calls float64
	for i, s := range c.samples {
		if i > 0 {
			calls += s.rate * (s.at - c.samples[i-1].at).Seconds()
		}
	}
	fmt.Fprintf(w, "\n%.0f s of load by %d clients and 3 that come and go, seed %d: %.1f million calls, %.0f items at the end, %.1f million evicted\n",
		last.at.Seconds(), o.workers, o.seed, calls/1e6, last.items, last.evicted/1e6)
	v.rule(len(c.samples) >= fewest, "%d samples of at least %d: the load must last %d seconds or longer", len(c.samples), fewest, fewest)
	if len(c.samples) >= fewest {
		v.quarters(c.samples)
	}
	v.haste(c, last)
	v.rule(max(last.panics, c.after.panics) == 0, "panics: %.0f", max(last.panics, c.after.panics))
	v.rule(c.journal.count == 0, "lines of panics and errors in the server's log: %d", c.journal.count)
	v.quote(c.journal.faults)
	v.rule(len(c.errs) == 0, "unexpected errors: %d kinds", len(c.errs))
	for _, text := range slices.Sorted(maps.Keys(c.errs)) {
		fmt.Fprintf(w, "      %d times: %s\n", c.errs[text], text)
	}
	if c.gone == nil {
		v.rule(c.after.goroutines <= c.idle.goroutines+2, "goroutines when the load is over: %.0f, before it %.0f", c.after.goroutines, c.idle.goroutines)
		v.rule(c.after.descriptors <= c.idle.descriptors+2, "descriptors when the load is over: %.0f, before it %.0f", c.after.descriptors, c.idle.descriptors)
		v.rule(c.ended == nil, "the server ended on SIGTERM and took its socket along (%v)", c.ended)
	} else {
		v.rule(false, "the server was gone after %v of load: %v; its end: %v; the last lines of its log:", c.lasted.Round(100*time.Millisecond), c.gone, c.ended)
		v.quote(c.journal.last)
	}
	if v.bad > 0 {
		return errors.New("the verdict is bad")
	}
	return nil
}

// quarters compares the second quarter with the last; the first is for filling
// up. Eviction keeps the memory in use at its limit whatever is lost in it: a
// leak shows in that fewer items, and less payload, have room.
func (v *verdict) quarters(samples []sample) {
	early, late := samples[len(samples)/4:len(samples)/2], samples[len(samples)*3/4:]
	grows := func(name, unit string, scale, most float64, what func(sample) float64) {
		a, b := median(early, what)/scale, median(late, what)/scale
		v.rule(b <= a*most, "%s: median %.1f%s in the second quarter, %.1f%s in the last; at most %.1f times as much", name, a, unit, b, unit, most)
	}
	falls := func(name, unit string, scale, least float64, what func(sample) float64) {
		a, b := median(early, what)/scale, median(late, what)/scale
		v.rule(a > 0 && b >= a*least, "%s: median %.1f%s in the second quarter, %.1f%s in the last; at least %.2f times as much", name, a, unit, b, unit, least)
	}
	goesOn := func(name string, what func(sample) float64) {
		first, last := what(samples[0]), what(samples[len(samples)-1])
		lately := last - what(late[0])
		v.rule(lately > 0, "%s: %.0f, of them %.0f in the last quarter; more than none", name, last-first, lately)
	}
	grows("resident memory", " MB", 1e6, 1.1, func(s sample) float64 { return s.resident })
	grows("goroutines", "", 1, 1.2, func(s sample) float64 { return s.goroutines })
	grows("descriptors", "", 1, 1.2, func(s sample) float64 { return s.descriptors })
	grows("p99 of a call", " ms", 1e6, 3, func(s sample) float64 { return float64(s.p99) })
	share := 2. / 3
	if late[0].at < 3*settling {
		share = 1. / 4
	}
	falls("items", "", 1, share, func(s sample) float64 { return s.items })
	falls("payload", " MB", 1e6, 2./3, func(s sample) float64 { return s.payload })
	falls("calls", "/s", 1, .5, func(s sample) float64 { return s.rate })
	goesOn("items evicted, for the memory limit was reached", func(s sample) float64 { return s.evicted })
	goesOn("items whose life ended", func(s sample) float64 { return s.expired })
	goesOn("items deleted by MDEL", func(s sample) float64 { return s.removed })
	goesOn("connections made", func(s sample) float64 { return s.connections })
}

// haste asks whether clients were gone before their replies came, and whether
// the server executed what they had sent: not all of it, for it need not go on
// once a reply finds nobody, but their first request, which is a KEYS.
func (v *verdict) haste(c course, last sample) {
	executed, hasty := max(last.listed, c.after.listed), c.done.hasty.Load()
	v.rule(c.done.owed.Load() > 0 && c.done.cut.Load() > 0 && executed >= .9*float64(hasty),
		"%d clients did not wait and sent %d requests; %d left within a reply and %d within a request; of %.0f the first request was executed, at least 90%%",
		hasty, c.done.sent.Load(), c.done.owed.Load(), c.done.cut.Load(), executed)
}

func median(of []sample, what func(sample) float64) float64 {
	all := make([]float64, 0, len(of))
	for _, s := range of {
		all = append(all, what(s))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// writeCSV writes the samples down.
func writeCSV(path string, samples []sample) error {
	var b bytes.Buffer
	b.WriteString("seconds,resident,used,payload,items,evicted,expired,removed,connections,goroutines,descriptors,rate,p50_us,p99_us,worst_us\n")
	for _, s := range samples {
		fmt.Fprintf(&b, "%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%d,%d,%d\n", s.at.Seconds(), s.resident, s.used, s.payload, s.items,
			s.evicted, s.expired, s.removed, s.connections, s.goroutines, s.descriptors, s.rate, s.p50.Microseconds(), s.p99.Microseconds(), s.worst.Microseconds())
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}
