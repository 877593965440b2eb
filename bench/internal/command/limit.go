package command

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gogibson/gibson/bench/internal/call"
	"github.com/gogibson/gibson/bench/internal/flood"
	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/sample"
)

// limitBench is the command "limit".
type limitBench struct {
	fleet
	memory, rows int
	eviction     string
	duration     time.Duration
	flood        flood.Config
	keys         int
}

func runLimit(ctx context.Context, e *env, args []string) (err error) {
	b := limitBench{fleet: fleet{want: "gibson"}}
	fs := e.flags()
	fs.StringVar(&b.gibson, "gibson", "", "`command` of our server, with {socket} for its socket; default: build and run the tree's")
	fs.IntVar(&b.memory, "memory", 256, "limit in `MiB`")
	fs.StringVar(&b.eviction, "eviction", "", "`policy` of the server; default: its own default")
	fs.DurationVar(&b.duration, "duration", 30*time.Minute, "of the flood")
	fs.IntVar(&b.rows, "rows", 10, "rows of the table")
	fs.IntVar(&b.flood.Conns, "conns", 8, "connections")
	fs.IntVar(&b.keys, "keys", 100_000, "different keys")
	fs.IntVar(&b.flood.Smallest, "smallest", 1, "`bytes` of the smallest value")
	fs.IntVar(&b.flood.Largest, "largest", 1<<20, "`bytes` of the largest value")
	fs.Float64Var(&b.flood.Reads, "reads", 0.2, "share of GETs")
	fs.Float64Var(&b.flood.Lives, "lives", 0.5, "share of the SETs with a TTL of 1 to 60 s")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	if b.rows < 1 || b.keys < 1 || b.duration <= 0 {
		return errors.New("rows, keys and duration must be above 0")
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	flags := []string{"--max-memory", fmt.Sprintf("%dM", b.memory)}
	if b.eviction != "" {
		flags = append(flags, "--eviction", b.eviction)
	}
	if err := b.start(ctx, e, flags...); err != nil {
		return err
	}
	table, err := b.run(ctx, e)
	if err != nil {
		return errors.Join(err, b.members[0].server.Err())
	}
	e.note("%d connections, one request at a time, %.0f %% GET, the others SET of random keys out of %d with incompressible values of %d to %d bytes whose logarithm is uniform, %.0f %% of them with a TTL of 1 to 60 s, for %v, against `max_memory %dM`. Every value read is checked to have been stored under its key.",
		b.flood.Conns, 100*b.flood.Reads, b.keys, b.flood.Smallest, b.flood.Largest, 100*b.flood.Lives, b.duration, b.memory)
	e.note("RSS is read every 50 ms; median and highest are those of the row's time.")
	return e.publish(ctx, table)
}

// run floods the server and watches its memory.
func (b *limitBench) run(ctx context.Context, e *env) (*report.Table, error) {
	m := b.members[0]
	c, err := call.Dial(m.server.Address, m.Protocol)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	b.flood.Address, b.flood.Keys = m.server.Address, uint32(b.keys)
	var counts flood.Counts
	flooding, cancel := context.WithCancel(ctx)
	var floodErr error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		floodErr = flood.Run(flooding, b.flood, &counts)
	})
	table := report.NewTable("until", "SET/s", "MiB/s stored", "MEM replies", "GET hits, %", "items", "memory_used, MiB", "RSS median, MiB", "RSS highest, MiB", "highest ÷ limit")
	watchErr := b.watch(flooding, e, m, c, &counts, table)
	cancel()
	wg.Wait()
	// The flood's own error is the cause when both fail.
	if floodErr != nil {
		return nil, floodErr
	}
	if watchErr != nil {
		return nil, watchErr
	}
	return table, ctx.Err()
}

// watch reads the server's memory for the duration and fills the table.
func (b *limitBench) watch(ctx context.Context, e *env, m *member, c *call.Conn, counts *flood.Counts, table *report.Table) error {
	start, each := time.Now(), b.duration/time.Duration(b.rows)
	var stored, bytes, full, hits, missing int64
	limit := int64(b.memory) << 20
	for row := range b.rows {
		var rss []int64
		var highest int64
		for end := start.Add(time.Duration(row+1) * each); time.Now().Before(end); {
			u, err := m.server.Usage()
			if err != nil {
				return err
			}
			rss, highest = append(rss, u.RSS), max(highest, u.RSS)
			if err := sleep(ctx, 50*time.Millisecond); err != nil {
				return err
			}
		}
		stats, err := c.Stats()
		if err != nil {
			return err
		}
		delta := func(now int64, last *int64) int64 {
			d := now - *last
			*last = now
			return d
		}
		sets, size := delta(counts.Stored.Load(), &stored), delta(counts.Bytes.Load(), &bytes)
		hit, miss := delta(counts.Hits.Load(), &hits), delta(counts.Missing.Load(), &missing)
		share := float64(hit) / float64(max(hit+miss, 1))
		table.Row(time.Since(start).Round(100*time.Millisecond), report.Rate(float64(sets)/each.Seconds()), report.MiB(int64(float64(size)/each.Seconds())),
			delta(counts.Full.Load(), &full), report.Percent(share), stats["total_items"], report.MiB(stats["memory_used"]),
			report.MiB(sample.Median(rss)), report.MiB(highest), report.Times(float64(highest)/float64(limit)))
		e.progress("%v: RSS at most %s MiB, %d MEM replies so far", time.Since(start).Round(time.Second), report.MiB(highest), full)
	}
	return nil
}
