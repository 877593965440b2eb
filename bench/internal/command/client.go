package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gogibson/gibson/bench/internal/library"
	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/sample"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// clientBench is the command "client".
type clientBench struct {
	fleet
	keys, valueSize, rounds int
	duration, warmup        time.Duration
	want, counts, base      string
	cancellable             bool
}

// librarySeries is what the rounds gave for one library.
type librarySeries struct {
	rate, allocs, bytes []float64
	cpu                 []time.Duration
}

func runClient(ctx context.Context, e *env, args []string) (err error) {
	var b clientBench
	var names []string
	for _, k := range library.Kinds() {
		names = append(names, k.Name)
	}
	fs := e.flags()
	b.register(fs, "gibson,redis,memcached")
	fs.IntVar(&b.keys, "keys", 1_000_000, "items in each server")
	fs.IntVar(&b.valueSize, "value", 100, "`bytes` of a value")
	fs.IntVar(&b.rounds, "rounds", 5, "runs of each library, in turns")
	fs.DurationVar(&b.duration, "duration", 2*time.Second, "of each run")
	fs.DurationVar(&b.warmup, "warmup", 300*time.Millisecond, "before each run")
	fs.StringVar(&b.want, "libraries", strings.Join(names, ","), "`names` of the libraries to measure")
	fs.StringVar(&b.counts, "goroutines", "1,64,512", "`numbers` of goroutines that share a client")
	fs.StringVar(&b.base, "base", "rueidis", "`name` of the library that ratios refer to")
	fs.BoolVar(&b.cancellable, "cancellable", false, "call with a context that could end; some libraries are slower then")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	var counts []int
	for text := range strings.SplitSeq(b.counts, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("%q goroutines, want a number", text)
		}
		counts = append(counts, n)
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	if err := b.start(ctx, e, "--max-memory", "8G"); err != nil {
		return err
	}
	for _, m := range b.members {
		if err := m.fill(ctx, workload.Users(), b.keys, b.valueSize); err != nil {
			return err
		}
	}
	var kinds []library.Kind
	for name := range strings.SplitSeq(b.want, ",") {
		k, err := library.Find(name)
		if err != nil {
			return err
		}
		if b.find(k.Server) == nil {
			e.note("skipped: %s, for want of %s", k.Name, k.Server)
			continue
		}
		kinds = append(kinds, k)
	}
	table := report.NewTable("goroutines", "library", "GET/s", "spread", "allocs/GET", "B/GET", "client CPU µs/GET", "GET/s ÷ "+b.base, "what")
	measurer := library.NewMeasurer(b.keys)
	for _, n := range counts {
		if err := b.measure(ctx, e, table, measurer, kinds, n); err != nil {
			return err
		}
	}
	e.note("GET of %d bytes over a unix socket, %d keys, each library on its own server; medians of %d alternating runs of %v in one process. Every value is checked to be its key's.",
		b.valueSize, b.keys, b.rounds, b.duration)
	e.note("Ratios are medians of each round's ratio. Allocations are all of the process's.")
	e.note("Peers: %s.", b.versions())
	return e.publish(ctx, table)
}

// measure runs all libraries in turns with n goroutines.
func (b *clientBench) measure(ctx context.Context, e *env, table *report.Table, measurer *library.Measurer, kinds []library.Kind, n int) error {
	all := make([]librarySeries, len(kinds))
	for round := range b.rounds {
		for i, k := range kinds {
			f, err := b.once(ctx, measurer, k, n)
			if err != nil {
				return fmt.Errorf("%s with %d goroutines: %w", k.Name, n, errors.Join(err, b.find(k.Server).server.Err()))
			}
			s := &all[i]
			s.rate, s.allocs, s.bytes, s.cpu = append(s.rate, f.PerSecond), append(s.allocs, f.Allocs), append(s.bytes, f.Bytes), append(s.cpu, f.CPU)
			e.progress("%d goroutines: round %d: %s %s/s", n, round+1, k.Name, report.Rate(f.PerSecond))
		}
	}
	base := librarySeries{}
	for i, k := range kinds {
		if k.Name == b.base {
			base = all[i]
		}
	}
	for i, k := range kinds {
		s := all[i]
		table.Row(n, k.Name, report.Rate(sample.Median(s.rate)), fmt.Sprintf("%.0f %%", 100*sample.Spread(s.rate)),
			fmt.Sprintf("%.2f", sample.Median(s.allocs)), fmt.Sprintf("%.0f", sample.Median(s.bytes)), report.Micros(sample.Median(s.cpu)),
			report.Times(sample.Ratio(s.rate, base.rate)), k.What)
	}
	return nil
}

// once connects, measures and closes.
func (b *clientBench) once(ctx context.Context, measurer *library.Measurer, k library.Kind, n int) (f library.Figures, err error) {
	c, err := k.New(ctx, b.find(k.Server).server.Address, n)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if !b.cancellable {
		ctx = context.WithoutCancel(ctx)
	}
	return measurer.Run(ctx, c, library.Load{Goroutines: n, Keys: b.keys, ValueSize: b.valueSize, Duration: b.duration, Warmup: b.warmup})
}
