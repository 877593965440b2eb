package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
)

// judge prints the verdict and returns an error if it is bad.
func judge(o options, samples []sample, idle, after sample, errs map[string]int, ended error) error {
	if len(samples) < 20 {
		return fmt.Errorf("only %d samples: the load must last 20 seconds or longer", len(samples))
	}
	early := samples[len(samples)/4 : len(samples)/2] // the first quarter is for filling up
	late := samples[len(samples)*3/4:]
	median := func(of []sample, what func(sample) float64) float64 {
		all := make([]float64, 0, len(of))
		for _, s := range of {
			all = append(all, what(s))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	bad := 0
	rule := func(ok bool, format string, args ...any) {
		word := "ok  "
		if !ok {
			word = "BAD "
			bad++
		}
		fmt.Printf("%s"+format+"\n", append([]any{word}, args...)...)
	}
	grows := func(name, unit string, scale, most float64, what func(sample) float64) {
		a, b := median(early, what)/scale, median(late, what)/scale
		rule(b <= a*most, "%s: median %.1f%s in the second quarter, %.1f%s in the last; at most %.1f times as much", name, a, unit, b, unit, most)
	}
	last := samples[len(samples)-1]
	var commands float64
	for i, s := range samples {
		if i > 0 {
			commands += s.rate * (s.at - samples[i-1].at).Seconds()
		}
	}
	fmt.Printf("\n%.0f s of load by %d clients and 3 that come and go, seed %d: %.0f million calls, %.0f items at the end, %.1f million evicted\n",
		last.at.Seconds(), o.workers, o.seed, commands/1e6, last.items, last.evicted/1e6)
	grows("resident memory", " MB", 1e6, 1.1, func(s sample) float64 { return s.resident })
	grows("goroutines", "", 1, 1.2, func(s sample) float64 { return s.goroutines })
	grows("descriptors", "", 1, 1.2, func(s sample) float64 { return s.descriptors })
	grows("p99 of a call", " ms", 1e6, 3, func(s sample) float64 { return float64(s.p99) })
	rule(last.evicted > 0, "the memory limit was reached: %.0f items evicted", last.evicted)
	rule(last.panics == 0, "panics: %.0f", last.panics)
	rule(after.goroutines <= idle.goroutines+2, "goroutines when the load is over: %.0f, before it %.0f", after.goroutines, idle.goroutines)
	rule(after.descriptors <= idle.descriptors+2, "descriptors when the load is over: %.0f, before it %.0f", after.descriptors, idle.descriptors)
	rule(len(errs) == 0, "unexpected errors: %d kinds", len(errs))
	for _, text := range slices.Sorted(maps.Keys(errs)) {
		fmt.Printf("      %d times: %s\n", errs[text], text)
	}
	rule(ended == nil, "the server ended on SIGTERM and took its socket along (%v)", ended)
	if bad > 0 {
		return errors.New("the verdict is bad")
	}
	return nil
}

// writeCSV writes the samples down.
func writeCSV(path string, samples []sample) error {
	var b bytes.Buffer
	b.WriteString("seconds,resident,used,items,evicted,goroutines,descriptors,rate,p50_us,p99_us,worst_us\n")
	for _, s := range samples {
		fmt.Fprintf(&b, "%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%d,%d,%d\n", s.at.Seconds(), s.resident, s.used, s.items, s.evicted,
			s.goroutines, s.descriptors, s.rate, s.p50.Microseconds(), s.p99.Microseconds(), s.worst.Microseconds())
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}
