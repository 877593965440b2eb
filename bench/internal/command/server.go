package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/bench/internal/proc"
	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/sample"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// scenario is one row of the comparison.
type scenario struct {
	name   string // for -only
	title  string
	conns  int
	depth  int
	writes float64
}

func scenarios() []scenario {
	return []scenario{
		{"get1", "GET, 50 connections, depth 1", 50, 1, 0},
		{"set1", "SET, 50 connections, depth 1", 50, 1, 1},
		{"get16", "GET, 50 connections, depth 16", 50, 16, 0},
		{"set16", "SET, 50 connections, depth 16", 50, 16, 1},
		{"mix16", "half GET half SET, 50 connections, depth 16", 50, 16, 0.5},
		{"single", "GET, 1 connection, depth 1", 1, 1, 0},
		{"few", "GET, 4 connections, depth 1", 4, 1, 0},
	}
}

// series is what the rounds of one scenario gave for one server.
type series struct {
	rate           []float64
	cpu            []time.Duration // of the server, per request
	own            []time.Duration // of the generator, per request
	p50, p99, p999 []time.Duration
}

// add appends the figures of one run, with the CPU time that the server and
// the generator took.
func (s *series) add(res load.Result, server, generator time.Duration) {
	n := time.Duration(res.Requests)
	s.rate = append(s.rate, res.PerSecond())
	s.cpu, s.own = append(s.cpu, server/n), append(s.own, generator/n)
	s.p50 = append(s.p50, res.Percentile(0, 50))
	s.p99 = append(s.p99, res.Percentile(0, 99))
	s.p999 = append(s.p999, res.Percentile(0, 99.9))
}

// serverBench is the command "server".
type serverBench struct {
	fleet
	keys, valueSize  int
	duration, warmup time.Duration
	rounds           int
	only, base       string
}

func runServer(ctx context.Context, e *env, args []string) (err error) {
	var b serverBench
	fs := e.flags()
	b.register(fs, "gibson,redis,memcached,memcached-meta")
	fs.IntVar(&b.keys, "keys", 1_000_000, "items in each server")
	fs.IntVar(&b.valueSize, "value", 100, "`bytes` of a value")
	fs.DurationVar(&b.duration, "duration", 3*time.Second, "of each run")
	fs.DurationVar(&b.warmup, "warmup", 500*time.Millisecond, "before each run")
	fs.IntVar(&b.rounds, "rounds", 5, "runs of each scenario and server, in turns")
	fs.StringVar(&b.only, "only", "", "`names` of the scenarios to run: get1,set1,get16,set16,mix16,single,few")
	fs.StringVar(&b.base, "base", "memcached", "`name` of the server that ratios refer to")
	if err := e.parse(fs, args); err != nil {
		return err
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
	table := report.NewTable("load", "server", "req/s", "spread", "CPU µs/req", "generator", "p50 µs", "p99 µs", "p99.9 µs", "req/s ÷ "+b.base, "CPU ÷ "+b.base)
	for _, sc := range scenarios() {
		if b.only != "" && !strings.Contains(","+b.only+",", ","+sc.name+",") {
			continue
		}
		all, err := b.measure(ctx, e, sc)
		if err != nil {
			return err
		}
		b.rows(table, sc, all)
	}
	e.note("%d keys `%s`, values of %d bytes, unix socket, medians of %d alternating runs of %v; CPU is the server's, user and system; generator is the same of the load generator, one thread of Go on epoll.",
		b.keys, workload.Users(), b.valueSize, b.rounds, b.duration)
	e.note("Ratios are medians of each round's ratio. Latencies above depth 1 are those of a whole batch. Spread is (max − min) ÷ median of req/s.")
	e.note("Peers: %s. memcached's text protocol is what nearly every client speaks, but its replies repeat the key; meta, where it stands here, too, is the fastest of its three with pipelined GETs.", b.versions())
	return e.publish(ctx, table)
}

// measure runs one scenario in turns on all servers.
func (b *serverBench) measure(ctx context.Context, e *env, sc scenario) ([]series, error) {
	all := make([]series, len(b.members))
	for round := range b.rounds {
		for i, m := range b.members {
			cfg := m.config(sc.conns, sc.depth, b.valueSize)
			cfg.Writes = sc.writes
			cfg.Choice = workload.NewUniform(uint32(b.keys), uint64(round))
			cfg.Duration = b.warmup
			if _, err := load.Run(ctx, cfg); err != nil {
				return nil, fmt.Errorf("%s, %s: %w", sc.title, m.Name, errors.Join(err, m.server.Err()))
			}
			cfg.Duration = b.duration
			res, server, generator, err := m.timed(ctx, cfg)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", sc.title, m.Name, errors.Join(err, m.server.Err()))
			}
			if res.Requests == 0 {
				return nil, fmt.Errorf("%s, %s: nothing was answered in %v", sc.title, m.Name, b.duration)
			}
			all[i].add(res, server, generator)
			e.progress("%s: round %d: %s %s/s", sc.title, round+1, m.Name, report.Rate(res.PerSecond()))
		}
	}
	return all, nil
}

// timed runs a load and returns the CPU time that it took on both sides.
func (m *member) timed(ctx context.Context, cfg load.Config) (res load.Result, server, generator time.Duration, err error) {
	read := func() (theirs, ours proc.Usage, err error) {
		if theirs, err = m.server.Usage(); err == nil {
			ours, err = proc.Read(0)
		}
		return theirs, ours, err
	}
	s0, g0, err := read()
	if err != nil {
		return res, 0, 0, err
	}
	if res, err = load.Run(ctx, cfg); err != nil {
		return res, 0, 0, err
	}
	s1, g1, err := read()
	return res, s1.CPU - s0.CPU, g1.CPU - g0.CPU, err
}

// rows adds the rows of one scenario.
func (b *serverBench) rows(t *report.Table, sc scenario, all []series) {
	base := series{}
	for i, m := range b.members {
		if strings.EqualFold(m.Name, b.base) {
			base = all[i]
		}
	}
	for i, m := range b.members {
		s := all[i]
		t.Row(sc.title, m.Name, report.Rate(sample.Median(s.rate)), fmt.Sprintf("%.0f %%", 100*sample.Spread(s.rate)),
			report.Micros(sample.Median(s.cpu)), report.Micros(sample.Median(s.own)), report.Micros(sample.Median(s.p50)), report.Micros(sample.Median(s.p99)), report.Micros(sample.Median(s.p999)),
			report.Times(sample.Ratio(s.rate, base.rate)), report.Times(sample.Ratio(s.cpu, base.cpu)))
	}
}
