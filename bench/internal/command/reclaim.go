package command

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/gogibson/gibson/bench/internal/call"
	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/bench/internal/proto"
	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/sample"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// The phases of the load beside the deletion of a big family.
const (
	settling = iota // connections come up
	first           // half of the window before
	second          // the other half: against the first it shows the noise
	during          // from the request until its memory is given back
	reclaimPhases
)

// reclaimRound is what one deletion showed.
type reclaimRound struct {
	took, lasted       time.Duration // of the request; until the memory was back
	before, while, max time.Duration // p99.9 before and during, maximum during
	noise, ratio       float64       // of p99.9: second to first half before; during to before
	samples            int64         // GETs during
}

// reclaim deletes a family of many items while fifty connections GET others,
// and compares their p99.9 with that of the same load before.
func (b *prefixBench) reclaim(ctx context.Context, e *env) (*report.Table, error) {
	table := report.NewTable("MDEL of "+fmt.Sprint(b.doomed), "median", "min", "max")
	m := b.find("gibson")
	if m == nil || b.reclaims == 0 {
		return table, nil
	}
	var rounds []reclaimRound
	for range b.reclaims {
		// What the other rows deleted comes back, so that no GET misses.
		if err := m.fill(ctx, workload.Users(), b.keys, b.valueSize); err != nil {
			return nil, err
		}
		r, err := b.reclaimOnce(ctx, m)
		if err != nil {
			return nil, fmt.Errorf("reclaim: %w", errors.Join(err, m.server.Err()))
		}
		e.progress("MDEL of %d: %s ms, memory back after %s ms, p99.9 %s µs before, %s µs during", b.doomed,
			report.Millis(r.took), report.Millis(r.lasted), report.Micros(r.before), report.Micros(r.while))
		rounds = append(rounds, r)
	}
	durations := func(title string, format func(time.Duration) string, pick func(reclaimRound) time.Duration) {
		var ds []time.Duration
		for _, r := range rounds {
			ds = append(ds, pick(r))
		}
		low, high := bounds(ds)
		table.Row(title, format(sample.Median(ds)), format(low), format(high))
	}
	ratios := func(title string, pick func(reclaimRound) float64) {
		var rs []float64
		low, high := pick(rounds[0]), 0.0
		for _, r := range rounds {
			v := pick(r)
			rs, low, high = append(rs, v), min(low, v), max(high, v)
		}
		table.Row(title, report.Times(sample.Median(rs)), report.Times(low), report.Times(high))
	}
	durations("request under load, ms", report.Millis, func(r reclaimRound) time.Duration { return r.took })
	durations("memory given back after, ms", report.Millis, func(r reclaimRound) time.Duration { return r.lasted })
	durations("GET p99.9 before, µs", report.Micros, func(r reclaimRound) time.Duration { return r.before })
	durations("GET p99.9 during the reclaim, µs", report.Micros, func(r reclaimRound) time.Duration { return r.while })
	durations("GET maximum during the reclaim, µs", report.Micros, func(r reclaimRound) time.Duration { return r.max })
	ratios("p99.9 during ÷ before", func(r reclaimRound) float64 { return r.ratio })
	ratios("noise: p99.9 of the second half before ÷ first half", func(r reclaimRound) float64 { return r.noise })
	var samples []int64
	for _, r := range rounds {
		samples = append(samples, r.samples)
	}
	e.note("MDEL of %d keys `%s` beside %d others, which 50 connections of depth 1 GET: %v before, then until the server's memory_used is down again (median %d GETs), which is asked for with STATS every %v throughout; %d times.",
		b.doomed, workload.Sessions(), b.keys, b.window, sample.Median(samples), lookPause, b.reclaims)
	return table, nil
}

// reclaimOnce fills the family, deletes it under load and waits for its
// memory.
func (b *prefixBench) reclaimOnce(ctx context.Context, m *member) (reclaimRound, error) {
	c, err := call.Dial(m.server.Address, m.Protocol)
	if err != nil {
		return reclaimRound{}, err
	}
	defer func() { _ = c.Close() }()
	empty, err := memoryUsed(c)
	if err != nil {
		return reclaimRound{}, err
	}
	if err := m.fill(ctx, workload.Sessions(), b.doomed, b.valueSize); err != nil {
		return reclaimRound{}, err
	}
	full, err := memoryUsed(c)
	if err != nil {
		return reclaimRound{}, err
	}
	var phase atomic.Int32
	cfg := m.config(50, 1, b.valueSize)
	cfg.Choice, cfg.Phase, cfg.Phases = workload.NewUniform(uint32(b.keys), 1), &phase, reclaimPhases
	var res load.Result
	var loadErr error
	var wg sync.WaitGroup
	wg.Go(func() { res, loadErr = load.Run(ctx, cfg) })
	r, err := b.delete(ctx, c, &phase, full, empty)
	phase.Store(reclaimPhases) // ends the load
	wg.Wait()
	if err := errors.Join(err, loadErr); err != nil {
		return reclaimRound{}, err
	}
	before := hdrhistogram.Import(res.Latency[first].Export())
	before.Merge(res.Latency[second])
	p999 := func(h *hdrhistogram.Histogram) time.Duration { return time.Duration(h.ValueAtPercentile(99.9)) }
	r.before, r.while = p999(before), p999(res.Latency[during])
	r.max = time.Duration(res.Latency[during].Max())
	r.samples = res.Latency[during].TotalCount()
	r.ratio = float64(r.while) / float64(r.before)
	r.noise = float64(p999(res.Latency[second])) / float64(p999(res.Latency[first]))
	return r, nil
}

// lookPause is how long after an answer the server is asked again what memory it uses.
const lookPause = 2 * time.Millisecond

// delete goes through the phases. The server is asked for its memory in all of them,
// so that the asking disturbs the GETs before the deletion as it does those during it.
func (b *prefixBench) delete(ctx context.Context, c *call.Conn, phase *atomic.Int32, full, empty int64) (reclaimRound, error) {
	for p, d := range []time.Duration{settling: 300 * time.Millisecond, first: b.window / 2, second: b.window / 2} {
		phase.Store(int32(p))
		for start := time.Now(); time.Since(start) < d; {
			if _, err := memoryUsed(c); err != nil {
				return reclaimRound{}, err
			}
			if err := sleep(ctx, lookPause); err != nil {
				return reclaimRound{}, err
			}
		}
	}
	phase.Store(during)
	start := time.Now()
	took, err := ask(c, askGibson(proto.OpMDel, workload.Sessions().Prefix, proto.Number, b.doomed))
	if err != nil {
		return reclaimRound{}, err
	}
	r := reclaimRound{took: took}
	for {
		used, err := memoryUsed(c)
		if err != nil {
			return reclaimRound{}, err
		}
		r.lasted = time.Since(start)
		// A twentieth may stay: what an allocator keeps is not being
		// reclaimed any more.
		if used <= empty+(full-empty)/20 {
			return r, nil
		}
		if r.lasted > time.Minute {
			return reclaimRound{}, fmt.Errorf("memory_used is %d a minute after MDEL; it was %d before the items and %d with them", used, empty, full)
		}
		if err := sleep(ctx, lookPause); err != nil {
			return reclaimRound{}, err
		}
	}
}

func memoryUsed(c *call.Conn) (int64, error) {
	stats, err := c.Stats()
	if err != nil {
		return 0, err
	}
	used, ok := stats["memory_used"]
	if !ok {
		return 0, errors.New("no memory_used among the server's STATS")
	}
	return used, nil
}
