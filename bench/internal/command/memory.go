package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/workload"
)

func runMemory(ctx context.Context, e *env, args []string) (err error) {
	var f fleet
	var keys, valueSize int
	var settle time.Duration
	fs := e.flags()
	f.register(fs, "gibson,redis,memcached")
	fs.IntVar(&keys, "keys", 1_000_000, "items in each server")
	fs.IntVar(&valueSize, "value", 100, "`bytes` of a value")
	fs.DurationVar(&settle, "settle", 2*time.Second, "wait between the last SET and the reading")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	if err := f.start(ctx, e, "--max-memory", "8G"); err != nil {
		return err
	}
	table := report.NewTable("server", "RSS empty, MiB", "RSS loaded, MiB", "peak, MiB", "bytes per item", "÷ memcached")
	type figures struct{ empty, loaded, peak, perItem int64 }
	all := make([]figures, len(f.members))
	var memcached int64
	for i, m := range f.members {
		empty, err := m.server.Usage()
		if err != nil {
			return err
		}
		if err := m.fill(ctx, workload.Users(), keys, valueSize); err != nil {
			return err
		}
		if err := sleep(ctx, settle); err != nil {
			return err
		}
		full, err := m.server.Usage()
		if err != nil {
			return err
		}
		all[i] = figures{empty.RSS, full.RSS, full.Peak, (full.RSS - empty.RSS) / int64(keys)}
		if m.Name == "memcached" {
			memcached = full.RSS
		}
		e.progress("%s: %s MiB", m.Name, report.MiB(full.RSS))
	}
	for i, m := range f.members {
		a, ratio := all[i], 0.0
		if memcached > 0 {
			ratio = float64(a.loaded) / float64(memcached)
		}
		table.Row(m.Peer, report.MiB(a.empty), report.MiB(a.loaded), report.MiB(a.peak), a.perItem, report.Times(ratio))
	}
	e.note("%d keys `%s` in random order, values of %d bytes; RSS is read %v after the last SET.", keys, workload.Users(), valueSize, settle)
	e.note("Key and value bytes alone are %s MiB.", report.MiB(int64(keys)*int64(workload.Users().KeySize()+valueSize)))
	return e.publish(ctx, table)
}

// sleep waits for d unless ctx is done first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("interrupted: %w", ctx.Err())
	}
}
