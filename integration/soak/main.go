// Command soak runs a server process under a mixed load for a long time, watches
// its memory, goroutines, descriptors and latency, draws them, and judges: does
// anything grow that should not, does anything stay behind when the load ends?
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
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
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

func run(ctx context.Context, o options) error {
	if err := os.MkdirAll(o.out, 0o750); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program, socket := filepath.Join(dir, "gibson"), filepath.Join(dir, "s")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/gibson").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	server := exec.CommandContext(ctx, program, "serve", "--unix-socket", socket, "--admin", o.admin, "--admin-profiles", "yes",
		"--max-memory", o.memory, "--loglevel", "warning")
	server.Stdout, server.Stderr = os.Stderr, os.Stderr
	if err := server.Start(); err != nil {
		return err
	}
	defer func() { _ = server.Process.Kill() }()
	watch := &watcher{url: "http://" + o.admin, pid: server.Process.Pid}
	if err := watch.ready(ctx); err != nil {
		return err
	}
	idle, err := watch.sample(ctx, 0, &latencies{})
	if err != nil {
		return err
	}

	samples, errs, err := underLoad(ctx, o, socket, watch)
	if err != nil {
		return err
	}
	after, err := watch.settled(ctx, idle)
	if err != nil {
		return err
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	ended := server.Wait()
	if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
		ended = errors.Join(ended, fmt.Errorf("the socket is still there: %w", err))
	}
	if err := writeCSV(filepath.Join(o.out, "soak.csv"), samples); err != nil {
		return err
	}
	if err := plot(filepath.Join(o.out, "soak.png"), samples); err != nil {
		return err
	}
	return judge(o, samples, idle, after, errs, ended)
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

// underLoad runs the load and takes a sample every now and then.
func underLoad(ctx context.Context, o options, socket string, w *watcher) (samples []sample, errs map[string]int, err error) {
	ctx, cancel := lasting(ctx, o.length)
	defer cancel()
	var took latencies
	load := startLoad(ctx, o, socket, &took)
	pause := max(o.length/600, time.Second)
	begin := time.Now()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			s, err := w.sample(context.WithoutCancel(ctx), time.Since(begin), &took)
			if err != nil {
				return samples, load.wait(), err
			}
			samples = append(samples, s)
			if len(samples)%60 == 0 {
				fmt.Println(s)
			}
		}
	}
	return samples, load.wait(), nil
}
