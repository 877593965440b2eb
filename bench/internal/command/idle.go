package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/workload"
)

func runIdle(ctx context.Context, e *env, args []string) (err error) {
	var f fleet
	var keys, conns int
	var duration time.Duration
	fs := e.flags()
	f.register(fs, "gibson,redis,memcached")
	fs.IntVar(&keys, "keys", 1_000_000, "items in each server")
	fs.IntVar(&conns, "conns", 50, "open connections that send nothing")
	fs.DurationVar(&duration, "duration", 10*time.Second, "of the watch")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	if err := f.start(ctx, e, "--max-memory", "8G"); err != nil {
		return err
	}
	before, after := make([]usagePair, len(f.members)), make([]usagePair, len(f.members))
	for _, m := range f.members {
		if err := m.fill(ctx, workload.Users(), keys, 100); err != nil {
			return err
		}
		for range conns {
			c, err := net.Dial("unix", m.server.Address)
			if err != nil {
				return err
			}
			defer func() { _ = c.Close() }()
		}
	}
	if err := sleep(ctx, 2*time.Second); err != nil {
		return err
	}
	read := func(into []usagePair) error {
		for i, m := range f.members {
			u, err := m.server.Usage()
			if err != nil {
				return err
			}
			into[i] = usagePair{u.CPU, u.Switches}
		}
		return nil
	}
	if err := read(before); err != nil {
		return err
	}
	if err := sleep(ctx, duration); err != nil {
		return err
	}
	if err := read(after); err != nil {
		return err
	}
	table := report.NewTable("server", "CPU, % of one core", "wake-ups per second")
	for i, m := range f.members {
		cpu := float64(after[i].cpu-before[i].cpu) / float64(duration)
		table.Row(m.Peer, report.Percent(cpu), fmt.Sprintf("%.1f", float64(after[i].switches-before[i].switches)/duration.Seconds()))
	}
	e.note("%d items, %d open connections, no request for %v. CPU is counted in steps of 10 ms.", keys, conns, duration)
	return e.publish(ctx, table)
}

type usagePair struct {
	cpu      time.Duration
	switches int64
}
