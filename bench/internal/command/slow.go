package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/bench/internal/proto"
	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// slowBench is the command "slow".
type slowBench struct {
	fleet
	keys, readers, items, output int
	duration                     time.Duration
}

// slowMargin is what the server may take beyond the limit on output, in bytes.
const slowMargin = 20 << 20

func runSlow(ctx context.Context, e *env, args []string) (err error) {
	b := slowBench{}
	fs := e.flags()
	b.register(fs, "gibson")
	fs.IntVar(&b.keys, "keys", 100_000, "items that are read beside")
	fs.IntVar(&b.readers, "readers", 1000, "clients that ask for a large reply and do not read it")
	fs.IntVar(&b.items, "items", 10, "items of 1 MiB in each of these replies")
	fs.IntVar(&b.output, "output", 100, "max_output_memory of our server, MiB")
	fs.DurationVar(&b.duration, "duration", 10*time.Second, "of each load of GETs")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	flags := []string{"--max-clients", "2000", "--max-output-memory", fmt.Sprintf("%dM", b.output)}
	if err := b.start(ctx, e, flags...); err != nil {
		return err
	}
	m := b.members[0]
	if len(b.members) > 1 || m.Protocol.Name() != (proto.Gibson{}).Name() {
		return errors.New("this command is for our server alone")
	}
	if err := m.fill(ctx, workload.Users(), b.keys, 100); err != nil {
		return err
	}
	if err := b.store(m); err != nil {
		return err
	}
	table := report.NewTable("load", "GET/s", "p50, µs", "p99, µs", "resident, MiB", "the most it was, MiB")
	before, err := b.measure(ctx, m, "GETs alone", table)
	if err != nil {
		return err
	}
	var replies slowReplies
	hold, err := holdClients(ctx, e, "slowreaders", slowJob{Address: m.server.Address, Readers: b.readers}, &replies)
	if err != nil {
		return err
	}
	after, err := b.measure(ctx, m, fmt.Sprintf("beside %d slow readers", b.readers), table)
	if err := errors.Join(err, hold()); err != nil {
		return err
	}
	e.note("%d clients in a process of their own asked for %d MiB each and did not read: %d had ERR. max_output_memory %d MiB.",
		b.readers, b.items, replies.Refused, b.output)
	grown, bound := after.peak-before.rss, int64(b.output)<<20+slowMargin
	e.note("Memory: %d MiB more than before, at most %d MiB allowed: %s.", grown>>20, bound>>20, verdict(grown <= bound))
	e.note("p99 of GETs: %.2f times that before, at most 2 allowed: %s.",
		float64(after.p99)/float64(before.p99), verdict(after.p99 <= 2*before.p99))
	return e.publish(ctx, table)
}

func verdict(ok bool) string {
	if ok {
		return "kept"
	}
	return "NOT kept"
}

// store stores the items of the large replies.
func (b *slowBench) store(m *member) error {
	conn, err := net.Dial("unix", m.server.Address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	value := make([]byte, 1<<20)
	for i := range value {
		value[i] = byte(i*i>>7 ^ i*2654435761>>13) // hard to compress
	}
	for i := range b.items {
		request := proto.Gibson{}.Append(nil, opSet, fmt.Sprintf("0 slow:%04d %s", i, value))
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if _, err := readReply(conn); err != nil {
			return err
		}
	}
	return nil
}

// slowFigures are those of one load.
type slowFigures struct {
	rss, peak int64
	p99       time.Duration
}

func (b *slowBench) measure(ctx context.Context, m *member, name string, table *report.Table) (slowFigures, error) {
	cfg := m.config(50, 1, 100)
	cfg.Duration, cfg.Choice = b.duration, workload.NewUniform(uint32(b.keys), 1)
	res, err := load.Run(ctx, cfg)
	if err != nil {
		return slowFigures{}, errors.Join(err, m.server.Err())
	}
	u, err := m.server.Usage()
	if err != nil {
		return slowFigures{}, err
	}
	p99 := res.Percentile(0, 99)
	table.Row(name, fmt.Sprintf("%.0f", res.PerSecond()), report.Micros(res.Percentile(0, 50)), report.Micros(p99),
		u.RSS>>20, u.Peak>>20)
	return slowFigures{u.RSS, u.Peak, p99}, nil
}
