package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gogibson/gibson"
)

// load is the clients at work.
type load struct {
	wg   sync.WaitGroup
	mu   sync.Mutex // protects errs
	errs map[string]int
	took *latencies
	done tally
}

// tally counts what clients did, as far as they can tell.
type tally struct {
	removed atomic.Int64 // items that were deleted, as MDEL said

	// By clients that do not wait for their replies:
	hasty atomic.Int64 // connections; each begins with the only KEYS that anyone sends
	sent  atomic.Int64 // complete requests
	owed  atomic.Int64 // connections closed when a reply had begun
	cut   atomic.Int64 // connections closed in the middle of a request
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

// failed counts an error that should not be.
func (l *load) failed(ctx context.Context, err error) {
	if ctx.Err() != nil || !unexpected(err) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs[err.Error()]++
}

func unexpected(err error) bool {
	return err != nil && !errors.Is(err, gibson.ErrNotFound) && !errors.Is(err, gibson.ErrLocked)
}

// busy is a client that is always at work.
func (l *load) busy(ctx context.Context, socket string, id int, r *rand.Rand) {
	popular := rand.NewZipf(r, 1.2, 8, 200_000)
	value := make([]byte, 64<<10)
	for i := range value {
		value[i] = byte(r.Uint32())
	}
	n := 0
	for ctx.Err() == nil {
		l.failed(ctx, l.stint(ctx, socket, r, popular, value, id, &n))
		// A server that is gone would be asked in vain as fast as it goes.
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stint works with one connection until something fails.
func (l *load) stint(ctx context.Context, socket string, r *rand.Rand, popular *rand.Zipf, value []byte, id int, n *int) error {
	conn, err := gibson.Dial(ctx, socket, nil)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for ; ctx.Err() == nil; *n++ {
		begin := time.Now()
		if err := l.one(ctx, conn, r, popular, value, id, *n); unexpected(err) {
			return err
		}
		l.took.add(time.Since(begin))
	}
	return nil
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
		if err == nil && unexpected(r.Err) {
			err = r.Err
		}
	}
	if unexpected(err) || len(results) == 0 {
		return err
	}
	if removed, err := results[len(results)-1].Reply.Int64(); err == nil { // or there was none
		l.done.removed.Add(removed)
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
		if r.IntN(3) == 0 {
			l.failed(ctx, l.hurry(ctx, socket, r))
		} else {
			l.failed(ctx, visit(ctx, socket))
		}
	}
}

// visit is a connection that ends when its request is answered.
func visit(ctx context.Context, socket string) error {
	conn, err := gibson.Dial(ctx, socket, nil)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return conn.Ping(ctx)
}

// hurry is a connection that ends without waiting for replies: when its
// requests are written, in the middle of one, or when a reply has begun. It
// writes to the socket itself, for a gibson.Conn whose caller has gone sends
// nothing.
func (l *load) hurry(ctx context.Context, socket string, r *rand.Rand) error {
	var requests []byte
	add := func(name string, args ...any) (size int, err error) {
		b, err := gibson.EncodeCommand(name, args...)
		requests = append(requests, b...)
		return len(b), err
	}
	if _, err := add("KEYS", fmt.Sprintf("user:%05d", r.IntN(20))); err != nil {
		return err
	}
	mgets := 1 + r.IntN(5)
	for range mgets {
		if _, err := add("MGET", "user:0", 1000); err != nil { // more than a socket holds
			return err
		}
	}
	how := r.IntN(3)
	if how == 1 {
		size, err := add("GET", "user:000000:profile")
		if err != nil {
			return err
		}
		requests = requests[:len(requests)-1-r.IntN(size-1)]
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	// The end of the load does not wait for a server that does not answer.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := conn.Write(requests); err != nil {
		return err
	}
	l.done.hasty.Add(1)
	l.done.sent.Add(int64(1 + mgets))
	switch how {
	case 1:
		l.done.cut.Add(1)
	case 2:
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			return err
		}
		l.done.owed.Add(1)
	}
	return nil
}
