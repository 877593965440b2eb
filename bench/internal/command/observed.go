package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/signal"
	"runtime/metrics"
	"sync"
	"syscall"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/server"
)

// holds is what the engine says of itself: for how long it kept its lock.
type holds struct {
	Batches, Steps holdsOf       // of clients, and of work in the background
	Faulty         holdsOf       // those of both that had a page fault
	Time           *timeline     // of all
	Long           []cache.Hold  // those of holdNoted of processor time and more, the first maxHolds
	Dropped        int           // the others of these
	GCPause        time.Duration // the longest, as the upper bound of its bucket
}

type holdsOf struct {
	Count     int64
	Wall, CPU time.Duration // the longest
}

func (o *holdsOf) add(h cache.Hold) {
	o.Count++
	o.Wall, o.CPU = max(o.Wall, h.Wall), max(o.CPU, h.CPU)
}

const (
	holdNoted = time.Millisecond
	maxHolds  = 4096
	longest   = 2 * time.Hour // of a run
)

func newHolds() holds {
	return holds{Time: newTimeline(time.Now(), longest), Long: make([]cache.Hold, 0, maxHolds)}
}

func (h *holds) add(hold cache.Hold) {
	of := &h.Batches
	if hold.Background {
		of = &h.Steps
	}
	of.add(hold)
	if hold.Faults > 0 {
		h.Faulty.add(hold)
	}
	h.Time.add(hold)
	switch {
	case hold.CPU < holdNoted:
	case len(h.Long) < maxHolds:
		h.Long = append(h.Long, hold)
	default:
		h.Dropped++
	}
}

// runObserved serves a cache that says how long it is locked, until SIGTERM,
// and leaves that in a file.
func runObserved(ctx context.Context, e *env, args []string) (err error) {
	fs := e.flags()
	socket := fs.String("socket", "", "unix socket to listen on")
	memory := fs.Int64("memory", 8<<30, "`bytes` that items may take")
	result := fs.String("result", "", "`file` for the result")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	var mu sync.Mutex
	h := newHolds()
	c, err := cache.New(&cache.Options{MaxMemory: *memory, OnHold: func(hold cache.Hold) {
		mu.Lock()
		defer mu.Unlock()
		h.add(hold)
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	l, err := new(net.ListenConfig).Listen(ctx, "unix", *socket)
	if err != nil {
		return err
	}
	s := &server.Server{Cache: c}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	<-ctx.Done()
	mu.Lock()
	h.GCPause = longestGCPause()
	b, err := json.Marshal(h)
	mu.Unlock()
	if err == nil {
		err = os.WriteFile(*result, b, 0o600)
	}
	err = errors.Join(err, s.Close())
	if e := <-served; !errors.Is(e, server.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// longestGCPause returns the upper bound of the longest pause so far in which
// the garbage collector stopped everything.
func longestGCPause() time.Duration {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0
	}
	h := sample[0].Value.Float64Histogram()
	for i := len(h.Counts) - 1; i >= 0; i-- {
		if h.Counts[i] > 0 {
			bound := h.Buckets[i+1]
			if math.IsInf(bound, 1) {
				bound = h.Buckets[i]
			}
			return time.Duration(bound * float64(time.Second))
		}
	}
	return 0
}

// readHolds returns what runObserved left in a file.
func readHolds(file string) (*holds, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("what the server says of itself: %w", err)
	}
	h := new(holds)
	return h, json.Unmarshal(b, h)
}
