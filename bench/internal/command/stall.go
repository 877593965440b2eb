package command

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/bench/internal/noise"
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
	if err := b.start(ctx, e, "--max-memory", "8G"); err != nil {
		return err
	}
	table := report.NewTable("server", "requests", "hits", "GET p50, µs", "p99", "p99.9", "p99.99", "max", "SET p99.99, µs",
		"stalls", "the machine's", "others", "longest other, ms")
	for _, m := range b.members {
		if err := b.measure(ctx, e, m, table); err != nil {
			return fmt.Errorf("%s: %w", m.Name, errors.Join(err, m.server.Err()))
		}
	}
	e.note("Half GET half SET on %d keys, values of 100 bytes, every SET with a TTL of 1 to 60 s; %d connections of depth 1, %.0f requests per second at even distances for %v; latency counts from when a request was due.",
		b.keys, b.conns, b.rate, b.duration)
	e.note("A request of %v or more is slow; slow ones that overlap are one stall. It is the machine's if it overlaps a time in which a watcher thread on one of the CPUs woke up more than a millisecond late, or in which the spinning generator did not run for a millisecond.", b.threshold)
	return e.publish(ctx, table)
}

func (b *stallBench) measure(ctx context.Context, e *env, m *member, table *report.Table) error {
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
	machine, others, worst := blame(res.Stalls, append(gaps, res.Gaps...))
	us := func(p float64) string { return report.Micros(res.Percentile(0, p)) }
	table.Row(m.Name, res.Requests, report.Percent(float64(res.Hits)/float64(res.Hits+res.Missing))+" %", us(50), us(99), us(99.9), us(99.99), us(100),
		report.Micros(time.Duration(res.SetLatency.ValueAtPercentile(99.99))), len(res.Stalls), machine, others, report.Millis(worst))
	priority := "with real-time priority"
	if !watch.RealTime {
		priority = "WITHOUT real-time priority, so that they competed with the server"
	}
	e.note("%s: the watchers ran on %d CPUs %s and were late %d times, at most %s ms; the generator paused %d times.",
		m.Name, watch.CPUs, priority, len(gaps), report.Millis(longest), len(res.Gaps))
	if res.StallsDropped > 0 {
		e.note("%s: %d more slow requests came after so many stalls that they were not told apart.", m.Name, res.StallsDropped)
	}
	return nil
}

// blame tells the stalls that overlap a pause of the machine from the others,
// and returns the slowest request of these.
func blame(stalls []load.Stall, pauses []load.Span) (machine, others int, worst time.Duration) {
	for _, s := range stalls {
		noisy := false
		for _, p := range pauses {
			if noisy = s.Overlaps(p); noisy {
				break
			}
		}
		if noisy {
			machine++
			continue
		}
		others++
		worst = max(worst, s.Worst)
	}
	return machine, others, worst
}
