// Command soak runs a server process under a mixed load for a long time, watches
// its memory, goroutines, descriptors and latency, draws them, and judges: does
// anything grow that should not, do items, payload and speed keep up, does
// anything stay behind when the load ends?
//
//	go run ./integration/soak -for 30m -out /tmp/soak
//
// The load is reads and writes of popular keys, counters, families that come
// under ever new prefixes and go by MDEL, lives that end, values of all sizes far
// beyond the memory limit, and clients that come and go, politely or not. It ends
// with status 1 if the verdict is bad.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	var o options
	flag.DurationVar(&o.length, "for", 30*time.Minute, "how long the load lasts")
	flag.StringVar(&o.out, "out", "soak-out", "directory for soak.csv and soak.png")
	flag.StringVar(&o.memory, "max-memory", "96M", "memory limit of the server")
	flag.IntVar(&o.workers, "workers", 8, "connections that are always busy")
	flag.StringVar(&o.admin, "admin", "127.0.0.1:10977", "address for the server's admin endpoint")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the load")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

type options struct {
	length             time.Duration
	out, memory, admin string
	workers            int
	seed               uint64
}

// course is what was seen of a server, from its start to its end.
type course struct {
	idle, after sample // before the load, and when nothing is left of it
	samples     []sample
	errs        map[string]int
	done        *tally
	gone        error         // why the load ended before its time
	lasted      time.Duration // until then
	ended       error         // what was wrong with the server's end
	journal     journal
}

func run(ctx context.Context, o options) error {
	if err := os.MkdirAll(o.out, 0o750); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, "gibson")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/gibson").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	s, err := startServer(ctx, o, program, dir)
	if err != nil {
		return err
	}
	c, err := soak(ctx, o, s, func(n int, s sample) {
		if n%60 == 0 {
			fmt.Println(s)
		}
	})
	if err != nil {
		return err
	}
	return report(os.Stdout, o, c)
}

// soak loads the server, watches it and ends it. Whatever becomes of the server
// under load is part of the course, not an error.
func soak(ctx context.Context, o options, s *server, sampled func(n int, s sample)) (c course, err error) {
	defer func() { _ = s.cmd.Process.Kill() }()
	w := &watcher{url: "http://" + o.admin, pid: s.cmd.Process.Pid}
	if err := w.ready(s.alive); err != nil {
		j, _ := readJournal(s.log)
		return c, fmt.Errorf("%w; its log:\n%s", err, strings.Join(j.last, "\n"))
	}
	if c.idle, err = w.sample(ctx, 0, &latencies{}); err != nil {
		return c, err
	}
	underLoad(o, s, w, &c, sampled)
	if c.gone == nil {
		if c.after, err = w.settled(ctx, c.idle); err != nil {
			c.gone = err
		}
	}
	c.ended = s.stop(c.gone != nil)
	if c.journal, err = readJournal(s.log); err != nil {
		c.ended = errors.Join(c.ended, err)
	}
	return c, nil
}

// report writes down what was seen, and the verdict. No part of it keeps
// another from being written.
func report(w io.Writer, o options, c course) error {
	return errors.Join(
		writeCSV(filepath.Join(o.out, "soak.csv"), c.samples),
		plot(filepath.Join(o.out, "soak.png"), c.samples),
		judge(w, o, c),
	)
}

// lasting returns a context that is cancelled after d. It has no deadline: a
// connection that is being made would have it too, and fail a moment before the
// context says that the load is over.
func lasting(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(d, cancel)
	return ctx, func() {
		timer.Stop()
		cancel()
	}
}

// underLoad runs the load and takes a sample every now and then. The load ends
// when the server does.
func underLoad(o options, s *server, w *watcher, c *course, sampled func(n int, s sample)) {
	ctx, cancel := lasting(s.alive, o.length)
	defer cancel()
	var took latencies
	begin := time.Now()
	load := startLoad(ctx, o, s.socket, &took)
	tick := time.NewTicker(max(o.length/600, time.Second))
	defer tick.Stop()
	for ctx.Err() == nil && c.gone == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			at, err := w.sample(s.alive, time.Since(begin), &took)
			if err != nil {
				c.gone = fmt.Errorf("it gives no figures: %w", err)
				continue
			}
			at.removed = float64(load.done.removed.Load())
			c.samples = append(c.samples, at)
			sampled(len(c.samples), at)
		}
	}
	c.lasted = time.Since(begin)
	if s.alive.Err() != nil {
		c.gone = context.Cause(s.alive)
		c.lasted = s.ended.Sub(begin)
	}
	cancel() // before waiting: clients end with the context and by nothing else
	c.errs, c.done = load.wait(), &load.done
}
