package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/gogibson/gibson"
)

// load is the clients at work.
type load struct {
	wg   sync.WaitGroup
	mu   sync.Mutex // protects errs
	errs map[string]int
	took *latencies
}

// startLoad starts the clients, which end with ctx.
func startLoad(ctx context.Context, o options, socket string, took *latencies) *load {
	l := &load{errs: map[string]int{}, took: took}
	for id := range o.workers {
		r := rand.New(rand.NewPCG(o.seed, uint64(id)))
		l.wg.Go(func() { l.busy(ctx, socket, id, r) })
	}
	for id := range 3 {
		r := rand.New(rand.NewPCG(o.seed, uint64(1000+id)))
		l.wg.Go(func() { l.comeAndGo(ctx, socket, r) })
	}
	return l
}

// wait waits for all clients and returns what went wrong, and how often.
func (l *load) wait() map[string]int {
	l.wg.Wait()
	return l.errs
}

func (l *load) failed(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil || errors.Is(err, gibson.ErrNotFound) || errors.Is(err, gibson.ErrLocked) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs[err.Error()]++
}

// busy is a client that is always at work.
func (l *load) busy(ctx context.Context, socket string, id int, r *rand.Rand) {
	conn, err := gibson.Dial(ctx, socket, nil)
	if err != nil {
		l.failed(ctx, err)
		return
	}
	defer func() { _ = conn.Close() }()
	popular := rand.NewZipf(r, 1.2, 8, 200_000)
	value := make([]byte, 64<<10)
	for i := range value {
		value[i] = byte(r.Uint32())
	}
	for n := 0; ctx.Err() == nil; n++ {
		begin := time.Now()
		l.failed(ctx, l.one(ctx, conn, r, popular, value, id, n))
		l.took.add(time.Since(begin))
	}
}

// one does one thing.
func (l *load) one(ctx context.Context, conn *gibson.Conn, r *rand.Rand, popular *rand.Zipf, value []byte, id, n int) error {
	key := fmt.Sprintf("user:%06d:profile", popular.Uint64())
	switch c := r.IntN(100); {
	case c < 45:
		_, err := conn.Get(ctx, key)
		if errors.Is(err, gibson.ErrNotFound) {
			err = conn.Set(ctx, key, value[:20+r.IntN(400)], time.Duration(r.IntN(120))*time.Second)
		}
		return err
	case c < 65:
		return conn.Set(ctx, key, value[:20+r.IntN(400)], time.Duration(1+r.IntN(20))*time.Second)
	case c < 70:
		size := 1 << r.IntN(17)
		return conn.Set(ctx, fmt.Sprintf("size:%d:%d", id, r.IntN(5000)), value[:min(size, len(value))], time.Minute)
	case c < 75:
		_, err := conn.Inc(ctx, fmt.Sprintf("count:%d", r.IntN(1000)))
		return err
	case c < 80:
		_, err := conn.Count(ctx, key[:5+r.IntN(7)])
		return err
	case c < 82:
		_, err := conn.MGet(ctx, key[:10], 50)
		return err
	case c < 84:
		return conn.Lock(ctx, key, time.Duration(1+r.IntN(3))*time.Second)
	case c < 85:
		return conn.Unlock(ctx, key)
	}
	// A family that nobody has had before, and the end of one that was.
	p := conn.Pipeline()
	for i := range 5 {
		p.Do("SET", 3600, fmt.Sprintf("session:%d:%d:%d", id, n, i), value[:50])
	}
	p.Do("MDEL", fmt.Sprintf("session:%d:%d:", id, n-200))
	results, err := p.Exec(ctx)
	for _, r := range results {
		l.failed(ctx, r.Err)
	}
	return err
}

// comeAndGo is a client that connects, does a little and is gone, now and then
// without waiting for its answers.
func (l *load) comeAndGo(ctx context.Context, socket string, r *rand.Rand) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		conn, err := gibson.Dial(ctx, socket, nil)
		if err != nil {
			l.failed(ctx, err)
			continue
		}
		if r.IntN(3) == 0 {
			cut, cancel := context.WithCancel(ctx)
			cancel() // the reply comes to nobody
			_, _ = conn.MGet(cut, "user:", 1000)
		} else {
			l.failed(ctx, conn.Ping(ctx))
		}
		_ = conn.Close()
	}
}
