package command

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gogibson/gibson/bench/internal/proc"
	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/workload"
	"github.com/gogibson/gibson/cache"
)

func runChurn(ctx context.Context, e *env, args []string) error {
	var keys, rounds, window, distinct int
	fs := e.flags()
	fs.IntVar(&keys, "keys", 1_000_000, "items that are overwritten")
	fs.IntVar(&rounds, "rounds", 5, "times that all are overwritten with another size")
	fs.IntVar(&window, "window", 1_000_000, "items alive at once in the moving window")
	fs.IntVar(&distinct, "distinct", 100_000_000, "keys that pass through the window, at most 100,000,000; 0 skips it")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	if distinct > 100_000_000 || (distinct > 0 && distinct < 2*window) {
		return fmt.Errorf("%d distinct keys, want 0 or between twice the window and 100,000,000", distinct)
	}
	overwrite := report.NewTable("round", "payload, MiB", "live allocations, MiB", "held, MiB", "RSS, MiB", "held ÷ live", "RSS ÷ payload")
	if err := churnOverwrite(ctx, e, overwrite, keys, rounds); err != nil {
		return err
	}
	e.note("First table: %d keys of 25 bytes, every value replaced by one of 10 to 300 bytes, in random order, %d times. Payload is key and value bytes; live and held are the item allocator's figures; RSS is the whole process.", keys, rounds)
	if distinct == 0 {
		return e.publish(ctx, overwrite)
	}
	moving := report.NewTable("keys so far", "order", "items", "live allocations, MiB", "held, MiB", "memory used, MiB", "RSS, MiB", "µs per insert and delete")
	for _, order := range []string{"ascending", "shuffled"} {
		if err := churnWindow(ctx, e, moving, order, window, distinct); err != nil {
			return err
		}
	}
	e.note("Second table: keys are inserted with values of 100 bytes, and deleted when %d others have come after them.", window)
	return e.publish(ctx, overwrite, moving)
}

// engineMemory is what the engine and the system say about memory.
type engineMemory struct {
	items, live, held, used, rss int64
}

func memoryOf(c *cache.Cache) (engineMemory, error) {
	s, err := c.Stats()
	if err != nil {
		return engineMemory{}, err
	}
	u, err := proc.Read(0)
	if err != nil {
		return engineMemory{}, err
	}
	return engineMemory{
		items: s.Items, live: s.ItemPoolUsed * s.ItemPoolObjectSize, held: s.ItemPoolCapacity * s.ItemPoolObjectSize,
		used: s.MemoryUsed, rss: u.RSS,
	}, nil
}

func churnOverwrite(ctx context.Context, e *env, table *report.Table, keys, rounds int) (err error) {
	c, err := cache.New(&cache.Options{MaxMemory: 16 << 30})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	family, rng := workload.Users(), rand.New(rand.NewPCG(1, 1))
	value := workload.AppendValue(nil, 0, 300)
	for round := range rounds + 1 { // round 0 fills
		order, payload := workload.NewShuffle(uint32(keys), uint64(round)), int64(0)
		for i := range keys {
			if i%100_000 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			size := 10 + rng.IntN(291)
			if err := c.Set(family.Key(order.Next()), value[:size], cache.Forever); err != nil {
				return err
			}
			payload += int64(family.KeySize() + size)
		}
		m, err := memoryOf(c)
		if err != nil {
			return err
		}
		if m.items != int64(keys) {
			return fmt.Errorf("round %d: %d items, want %d", round, m.items, keys)
		}
		table.Row(round, report.MiB(payload), report.MiB(m.live), report.MiB(m.held), report.MiB(m.rss),
			report.Times(float64(m.held)/float64(m.live)), report.Times(float64(m.rss)/float64(payload)))
		e.progress("round %d: RSS %s MiB for %s MiB", round, report.MiB(m.rss), report.MiB(payload))
	}
	return nil
}

func churnWindow(ctx context.Context, e *env, table *report.Table, order string, window, distinct int) (err error) {
	c, err := cache.New(&cache.Options{MaxMemory: 16 << 30})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	var head, tail workload.Choice = workload.NewSequence(uint32(distinct)), workload.NewSequence(uint32(distinct))
	if order == "shuffled" {
		head, tail = workload.NewShuffle(uint32(distinct), 1), workload.NewShuffle(uint32(distinct), 1)
	}
	family, value := workload.Users(), workload.AppendValue(nil, 0, 100)
	step, start := distinct/10, time.Now()
	for i := 1; i <= distinct; i++ {
		if err := c.Set(family.Key(head.Next()), value, cache.Forever); err != nil {
			return err
		}
		if i > window {
			if ok, err := c.Delete(family.Key(tail.Next())); err != nil || !ok {
				return errors.Join(fmt.Errorf("key %d is not there to be deleted", i-window), err)
			}
		}
		if i%100_000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if i%step != 0 && i != window {
			continue
		}
		m, err := memoryOf(c)
		if err != nil {
			return err
		}
		if want := int64(min(i, window)); m.items != want {
			return fmt.Errorf("after %d keys: %d items, want %d", i, m.items, want)
		}
		each := time.Since(start) / time.Duration(i)
		table.Row(i, order, m.items, report.MiB(m.live), report.MiB(m.held), report.MiB(m.used), report.MiB(m.rss), report.Micros(each))
		e.progress("%s: %d keys: RSS %s MiB", order, i, report.MiB(m.rss))
	}
	return nil
}
