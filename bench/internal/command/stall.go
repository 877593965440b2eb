package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
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
	verdicts := report.NewTable("server", "GETs and SETs in stalls", "of these the machine's", "watchers late, % of the run",
		"longest lock for requests: wall, ms", "CPU, ms", "in the background: wall, ms", "CPU, ms",
		"with page faults: number", "CPU, ms", "GC pause below, ms",
		"most of the engine in one stall: CPU, ms", "while the machine ran, ms", "verdict")
	for _, m := range b.members {
		if err := b.measure(ctx, e, m, table, verdicts); err != nil {
			return fmt.Errorf("%s: %w", m.Name, errors.Join(err, m.server.Err()))
		}
	}
	e.note("Half GET half SET on %d keys, values of 100 bytes, every SET with a TTL of 1 to 60 s; %d connections of depth 1, %.0f requests per second at even distances for %v; latency counts from when a request was due.",
		b.keys, b.conns, b.rate, b.duration)
	e.note("A request of %[1]v or more is slow; slow ones that overlap are one stall, which is judged by its slowest request. It is the machine's if without the time in which a watcher thread on one of the CPUs was late, by a tenth of a millisecond or more, that request had taken less than %[1]v. Times in which the generator did not look for a millisecond excuse nothing: many replies at once take as long.", b.threshold)
	if b.observed != "" {
		e.note("Gibson runs in a process of the harness that notes how long the cache is locked each time, by the clock and by the thread's processor time. What lasts long by the clock only was waiting for a processor. All the processor time of locks during the slowest request of a stall is added up, by whole milliseconds, less what they take of a time as long on average, for after a pause of the machine there is as much to do as without it. From each of these is taken what does not fit beside the time in which a watcher was late, since the thread's time goes on while a hypervisor runs others; nothing is taken from a lock that had a page fault. Long work of the kernel that is not interrupted, which a watcher may also wait for, is excused unless it was a page fault. A stall is the engine's own if %[1]v or more are left, whoever's it is besides, and so is a single lock, or a pause of the garbage collector, of %[1]v.", b.threshold)
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
	late, longest := watch.Stop()
	if err != nil {
		return err
	}
	excuse, said := watchers(watch, late, longest)
	e.note("%s: %s", m.Name, said)
	found := blame(res.Stalls, excuse, res.Gaps, b.threshold)
	us := func(p float64) string { return report.Micros(res.Percentile(0, p)) }
	table.Row(m.Name, res.Requests, report.Percent(float64(res.Hits)/float64(res.Hits+res.Missing))+" %", us(50), us(99), us(99.9), us(99.99), us(100),
		report.Micros(time.Duration(res.SetLatency.ValueAtPercentile(99.99))), len(res.Stalls), found.machine, found.others, report.Millis(found.worst))
	e.note("%s: the generator paused %d times; it did in %d of the stalls that are not the machine's.", m.Name, len(res.Gaps), found.paused)
	none := report.None
	lateFor := float64(covered(late)) / float64(res.Elapsed)
	row, verdict := []any{none, none, none, none, none, none, none, none, none}, found.verdict()
	if m.Name == "Gibson" && b.observed != "" {
		cells, f, err := b.own(m, res, excuse)
		if err != nil {
			return err
		}
		f.late = lateFor
		row, verdict = cells, f.verdict(b.threshold, found, res.StallsDropped)
	}
	row = append([]any{m.Name, found.slow, found.excused, report.Percent(lateFor)}, row...)
	verdicts.Row(append(row, verdict)...)
	if res.StallsDropped > 0 {
		e.note("%s: %d more slow requests came after so many stalls that they were not told apart.", m.Name, res.StallsDropped)
	}
	return nil
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

// own says what the engine itself had of the stalls. The server is stopped, for
// it says at its end what it knows.
func (b *stallBench) own(m *member, res load.Result, late []load.Span) (row []any, f finding, err error) {
	if err := m.server.Stop(); err != nil {
		return nil, finding{}, err
	}
	h, err := readHolds(b.observed)
	if err != nil {
		return nil, finding{}, err
	}
	f = h.judge(res.Stalls, late, b.threshold)
	return []any{report.Millis(h.Batches.Wall), report.Millis(h.Batches.CPU), report.Millis(h.Steps.Wall), report.Millis(h.Steps.CPU),
		h.Faulty.Count, report.Millis(h.Faulty.CPU), report.Millis(h.GCPause), report.Millis(f.most.thread), report.Millis(f.most.ran)}, f, nil
}
