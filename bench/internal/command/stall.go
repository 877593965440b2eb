package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/bench/internal/noise"
	"github.com/gogibson/gibson/bench/internal/proc"
	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// stallBench is the command "stall".
type stallBench struct {
	fleet
	keys, conns int
	rate        float64
	duration    time.Duration
	threshold   time.Duration
	observed    string // file in which our server says how long its cache was locked; empty if it does not
}

func runStall(ctx context.Context, e *env, args []string) (err error) {
	var b stallBench
	fs := e.flags()
	b.register(fs, "gibson,memcached")
	fs.IntVar(&b.keys, "keys", 1_000_000, "keys that are read and written")
	fs.IntVar(&b.conns, "conns", 50, "connections")
	fs.Float64Var(&b.rate, "rate", 40_000, "requests per second, half GET half SET")
	fs.DurationVar(&b.duration, "duration", 10*time.Minute, "of the load on each server")
	fs.DurationVar(&b.threshold, "stall", 5*time.Millisecond, "a request that takes so long is a stall")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	// The watchers and the generator hold a processor each all the time.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4 + 2*runtime.NumCPU()))
	defer func() { err = errors.Join(err, b.stop()) }()
	flags := []string{"--max-memory", "8G"}
	if b.gibson == "" {
		if flags, err = b.observe(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(filepath.Dir(b.observed))) }()
	}
	if err := b.start(ctx, e, flags...); err != nil {
		return err
	}
	table := report.NewTable("server", "requests", "hits", "GET p50, µs", "p99", "p99.9", "p99.99", "max", "SET p99.99, µs",
		"stalls", "the machine's", "others", "longest other, ms")
	verdicts := report.NewTable("server", "GETs and SETs in stalls", "of these the machine's", "pauses, % of the run",
		"longest lock for requests: wall, ms", "CPU, ms", "in the background: wall, ms", "CPU, ms", "GC pause below, ms", "verdict")
	for _, m := range b.members {
		if err := b.measure(ctx, e, m, table, verdicts); err != nil {
			return fmt.Errorf("%s: %w", m.Name, errors.Join(err, m.server.Err()))
		}
	}
	e.note("Half GET half SET on %d keys, values of 100 bytes, every SET with a TTL of 1 to 60 s; %d connections of depth 1, %.0f requests per second at even distances for %v; latency counts from when a request was due.",
		b.keys, b.conns, b.rate, b.duration)
	e.note("A request of %v or more is slow; slow ones that overlap are one stall. It is the machine's if it overlaps a time in which a watcher thread on one of the CPUs woke up more than a millisecond late, or in which the spinning generator did not run for a millisecond.", b.threshold)
	if b.observed != "" {
		e.note("Gibson runs in a process of the harness that notes how long the cache is locked each time, by the clock and by the thread's processor time. What lasts long by the clock only was waiting for a processor. It is the engine's own if its processor time is %v or more, or a pause of the garbage collector so long, and no pause of the machine overlaps.", b.threshold)
	}
	return e.publish(ctx, table, verdicts)
}

func (b *stallBench) measure(ctx context.Context, e *env, m *member, table, verdicts *report.Table) error {
	cfg := m.config(b.conns, 1, 100)
	cfg.Writes, cfg.Missing, cfg.Rate, cfg.Duration, cfg.Stall = 0.5, true, b.rate, b.duration, b.threshold
	cfg.Choice = workload.NewUniform(uint32(b.keys), 1)
	cfg.TTLs = []int{1, 2, 5, 10, 20, 30, 40, 50, 60}
	e.progress("%s: %v of load", m.Name, b.duration)
	watch, err := noise.Start()
	if err != nil {
		return err
	}
	res, err := load.Run(ctx, cfg)
	gaps, longest := watch.Stop()
	if err != nil {
		return err
	}
	pauses := slices.Concat(gaps, res.Gaps)
	machine, others, worst := blame(res.Stalls, pauses)
	us := func(p float64) string { return report.Micros(res.Percentile(0, p)) }
	table.Row(m.Name, res.Requests, report.Percent(float64(res.Hits)/float64(res.Hits+res.Missing))+" %", us(50), us(99), us(99.9), us(99.99), us(100),
		report.Micros(time.Duration(res.SetLatency.ValueAtPercentile(99.99))), len(res.Stalls), machine, others, report.Millis(worst))
	priority := "with real-time priority"
	if !watch.RealTime {
		priority = "WITHOUT real-time priority, so that they competed with the server"
	}
	e.note("%s: the watchers ran on %d CPUs %s and were late %d times, at most %s ms; the generator paused %d times.",
		m.Name, watch.CPUs, priority, len(gaps), report.Millis(longest), len(res.Gaps))
	if err := b.judge(m, res, pauses, others, verdicts); err != nil {
		return err
	}
	if res.StallsDropped > 0 {
		e.note("%s: %d more slow requests came after so many stalls that they were not told apart.", m.Name, res.StallsDropped)
	}
	return nil
}

// blame tells the stalls that overlap a pause of the machine from the others,
// and returns the slowest request of these.
func blame(stalls []load.Stall, pauses []load.Span) (machine, others int, worst time.Duration) {
	for _, s := range stalls {
		if overlapsAny(s.Span, pauses) {
			machine++
			continue
		}
		others++
		worst = max(worst, s.Worst)
	}
	return machine, others, worst
}

// overlapsAny reports whether s shares a moment with one of the others.
func overlapsAny(s load.Span, others []load.Span) bool {
	return slices.ContainsFunc(others, s.Overlaps)
}

// covered returns how long the spans last, what several share counted once.
func covered(spans []load.Span) (sum time.Duration) {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b load.Span) int { return a.From.Compare(b.From) })
	var end time.Time
	for _, s := range spans {
		if s.From.Before(end) {
			s.From = end
		}
		if s.To.After(s.From) {
			sum += s.To.Sub(s.From)
			end = s.To
		}
	}
	return sum
}

// observe makes this program the server that is measured, which tells more of
// itself than the released one, and returns its further flags.
func (b *stallBench) observe() (flags []string, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-holds-")
	if err != nil {
		return nil, err
	}
	b.observed = filepath.Join(dir, "holds")
	b.gibson = program + " observed -socket " + proc.Socket
	return []string{"-result", b.observed}, nil
}

// judge says whose the stalls of a server were. If it is ours, it is stopped,
// for it says at its end what it knows.
func (b *stallBench) judge(m *member, res load.Result, pauses []load.Span, others int, verdicts *report.Table) error {
	var slow, excused int64
	for _, s := range res.Stalls {
		slow += s.Requests
		if overlapsAny(s.Span, pauses) {
			excused += s.Requests
		}
	}
	row := []any{m.Name, slow, excused, report.Percent(float64(covered(pauses)) / float64(res.Elapsed))}
	none := fmt.Sprintf("%d stalls nobody knows the cause of", others)
	if others == 0 {
		none = "none but the machine's"
	}
	if m.Name != "Gibson" || b.observed == "" {
		verdicts.Row(append(row, report.None, report.None, report.None, report.None, report.None, none)...)
		return nil
	}
	if err := m.server.Stop(); err != nil {
		return err
	}
	h, err := readHolds(b.observed)
	if err != nil {
		return err
	}
	verdict := fmt.Sprintf("no stall of %v or more is the engine's own", b.threshold)
	if n := h.own(b.threshold, pauses); n > 0 {
		verdict = fmt.Sprintf("%d times the engine itself took %v or more", n, b.threshold)
	} else if h.Dropped > 0 {
		verdict = fmt.Sprintf("unknown: %d long locks were not noted", h.Dropped)
	}
	verdicts.Row(append(row, report.Millis(h.Batches.Wall), report.Millis(h.Batches.CPU),
		report.Millis(h.Steps.Wall), report.Millis(h.Steps.CPU), report.Millis(h.GCPause), verdict)...)
	return nil
}
