package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sample is what was seen at one moment.
type sample struct {
	at          time.Duration
	resident    float64 // bytes
	used        float64 // bytes
	payload     float64 // bytes of it that are keys and values
	goroutines  float64
	descriptors float64
	items       float64
	evicted     float64 // so far, as the following
	expired     float64
	removed     float64 // by MDEL, as clients were told
	connections float64
	listed      float64 // KEYS that the server executed
	panics      float64
	rate        float64       // commands per second since the last sample
	p50, p99    time.Duration // since the last sample
	worst       time.Duration
}

func (s sample) String() string {
	return fmt.Sprintf("%8s  resident %5.1f MB, items %7.0f, goroutines %3.0f, descriptors %3.0f, %6.0f commands/s, p99 %v",
		s.at.Round(time.Second), s.resident/1e6, s.items, s.goroutines, s.descriptors, s.rate, s.p99.Round(time.Microsecond))
}

// latencies collects how long commands took, from all clients.
type latencies struct {
	mu    sync.Mutex // protects took
	took  []time.Duration
	since time.Time
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, d)
}

// flush puts what was collected into s and begins anew.
func (l *latencies) flush(s *sample) {
	l.mu.Lock()
	took, since := l.took, l.since
	l.took, l.since = make([]time.Duration, 0, len(took)), time.Now()
	l.mu.Unlock()
	if len(took) == 0 || since.IsZero() {
		return
	}
	slices.Sort(took)
	s.rate = float64(len(took)) / time.Since(since).Seconds()
	s.p50, s.p99, s.worst = took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
}

// watcher looks at the server from outside.
type watcher struct {
	url string // of the admin endpoint
	pid int
}

// ready waits for the server.
func (w *watcher) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if _, err := w.figures(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer at %s: %w", w.url, context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// settled waits until the goroutines and descriptors are as they were when the
// server was idle, for a minute at the most, and returns the last look.
func (w *watcher) settled(ctx context.Context, idle sample) (s sample, err error) {
	for range 120 {
		if s, err = w.sample(ctx, 0, &latencies{}); err != nil {
			return s, err
		}
		if s.goroutines <= idle.goroutines && s.descriptors <= idle.descriptors {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
	return s, nil
}

func (w *watcher) sample(ctx context.Context, at time.Duration, took *latencies) (sample, error) {
	f, err := w.figures(ctx)
	if err != nil {
		return sample{}, err
	}
	s := sample{
		at: at, resident: f[`gibson_memory_bytes{kind="resident"}`], used: f[`gibson_memory_bytes{kind="used"}`],
		payload: f[`gibson_memory_bytes{kind="payload"}`],
		items:   f["gibson_items"], evicted: f["gibson_items_evicted_total"], expired: f["gibson_items_expired_total"],
		connections: f["gibson_connections_total"], panics: f["gibson_panics_total"],
	}
	for name, n := range f {
		if strings.HasPrefix(name, `gibson_requests_total{command="KEYS",`) {
			s.listed += n
		}
	}
	if entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.pid)); err == nil {
		s.descriptors = float64(len(entries))
	}
	took.flush(&s)
	s.goroutines, err = w.goroutines(ctx)
	return s, err
}

// goroutines counts those of the server.
func (w *watcher) goroutines(ctx context.Context) (n float64, err error) {
	err = w.lines(ctx, "/debug/pprof/goroutine?debug=1", func(line string) {
		if _, total, ok := strings.Cut(line, "goroutine profile: total "); ok {
			n, err = strconv.ParseFloat(total, 64)
		}
	})
	if err == nil && n == 0 {
		err = errors.New("the goroutine profile does not say how many there are")
	}
	return n, err
}

// figures reads the metrics.
func (w *watcher) figures(ctx context.Context) (map[string]float64, error) {
	out := map[string]float64{}
	return out, w.lines(ctx, "/metrics", func(line string) {
		name, value, ok := strings.Cut(line, " ")
		if n, err := strconv.ParseFloat(value, 64); ok && err == nil {
			out[name] = n
		}
	})
}

// lines calls fn with every line of a page.
func (w *watcher) lines(ctx context.Context, page string, fn func(line string)) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // a server that hangs is to be noticed, too
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+page, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", page, resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		fn(lines.Text())
	}
	return lines.Err()
}
