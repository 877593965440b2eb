package gibson_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

func newPool(t *testing.T, addr string, opts *gibson.PoolOptions) *gibson.Pool {
	t.Helper()
	p, err := gibson.NewPool(t.Context(), addr, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		done := make(chan struct{})
		go func() { p.Close(); close(done) }()
		within(t, done, "Close of the pool: a connection has not been released")
	})
	return p
}

func TestPoolSizes(t *testing.T) {
	addr := fake(t, answering(echo))
	for _, tc := range []struct{ min, max, size, most int }{
		{0, 0, 10, 10}, {3, 0, 3, 10}, {0, 4, 4, 4}, {-1, 0, 0, 10}, {12, 0, 12, 12}, {1, 2, 1, 2},
	} {
		p := newPool(t, addr, &gibson.PoolOptions{MinSize: tc.min, MaxSize: tc.max})
		if p.Size() != tc.size || p.FreeSize() != tc.size || p.Stat().MaxSize != tc.most {
			t.Errorf("%+v: Size %d, FreeSize %d, MaxSize %d", tc, p.Size(), p.FreeSize(), p.Stat().MaxSize)
		}
	}
	for _, o := range []gibson.PoolOptions{{MinSize: 3, MaxSize: 2}, {MaxSize: -1}, {Options: gibson.Options{MaxInFlight: -1}}} {
		if _, err := gibson.NewPool(t.Context(), addr, &o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if _, err := gibson.NewPool(t.Context(), t.TempDir()+"/nobody", nil); err == nil || !gibson.SafeToRetry(err) {
		t.Errorf("without a server: %v", err)
	}
}

func TestPoolAcquire(t *testing.T) {
	p := newPool(t, fake(t, answering(echo)), &gibson.PoolOptions{MinSize: 1, MaxSize: 2})
	a, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Acquire(t.Context())
	if err != nil || a == b {
		t.Fatal(err, a == b)
	}
	if st := p.Stat(); st.Size != 2 || st.InUse != 2 || st.Free != 0 {
		t.Errorf("%+v", st)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = p.Acquire(ctx)
	var ae *gibson.AcquireError
	if !errors.As(err, &ae) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Acquire of a third: %v", err)
	}
	if *ae != (gibson.AcquireError{Size: 2, InUse: 2, MaxSize: 2, Waiting: 0, Err: context.DeadlineExceeded}) {
		t.Errorf("%+v", ae)
	}
	if err := p.Ping(ctx); !errors.As(err, &ae) || !gibson.SafeToRetry(err) {
		t.Errorf("Ping: %v", err)
	}

	got := make(chan *gibson.Conn)
	go func() {
		c, err := p.Acquire(t.Context())
		if err != nil {
			t.Error(err)
		}
		got <- c
	}()
	until(t, func() bool { return p.Stat().Waiting == 1 })
	if err := p.Release(a); err != nil {
		t.Error(err)
	}
	if c := <-got; c != a {
		t.Error("the connection that was released was not handed to who waited")
	}
	if st := p.Stat(); st.Acquired != 3 || st.Waited == 0 || st.WaitTime <= 0 || st.Canceled != 2 {
		t.Errorf("%+v", st)
	}

	if err := p.Release(b); err != nil {
		t.Error(err)
	}
	if err := p.Release(b); !errors.Is(err, gibson.ErrNotAcquired) {
		t.Errorf("second Release: %v", err)
	}
	if err := p.Release(dial(t, p.Addr(), nil)); !errors.Is(err, gibson.ErrNotAcquired) {
		t.Errorf("Release of a foreign connection: %v", err)
	}
	if err := p.Release(nil); !errors.Is(err, gibson.ErrNotAcquired) {
		t.Errorf("Release of nil: %v", err)
	}
	if err := p.Release(a); err != nil {
		t.Error(err)
	}
	p.Clear()
	until(t, func() bool { return p.Size() == 0 })
	if !a.Closed() || !b.Closed() {
		t.Error("Clear left connections open")
	}
}

// TestPoolClosedConn checks that closed connections are neither handed out nor
// taken back.
func TestPoolClosedConn(t *testing.T) {
	p := newPool(t, fake(t, answering(func(req wire.Request) []byte {
		if req.Op == wire.OpEnd {
			return wire.AppendCode(nil, wire.CodeOK)
		}
		return echo(req)
	})), &gibson.PoolOptions{MinSize: 3, MaxSize: 3})
	a, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.End(t.Context()); err != nil {
		t.Error("End:", err)
	}
	if err := p.Release(a); err != nil {
		t.Error(err)
	}
	until(t, func() bool { return p.Size() == 2 })
	b, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Release(b); err != nil {
		t.Error(err)
	}
	b.Close() // while it is free
	for range 3 {
		c, err := p.Acquire(t.Context())
		if err != nil || c.Closed() {
			t.Fatalf("%v, closed %v", err, c.Closed())
		}
		defer p.Release(c) // or Close would wait for it
	}
}

func TestPoolCommands(t *testing.T) {
	p := newPool(t, fake(t, answering(echo)), &gibson.PoolOptions{MaxSize: 4})
	var wg sync.WaitGroup
	for g := range 30 {
		wg.Go(func() {
			for i := range 30 {
				key := fmt.Sprintf("%d:%d", g, i)
				if i%3 == 0 {
					err := p.With(t.Context(), func(c *gibson.Conn) error {
						got, err := c.Get(t.Context(), key)
						if string(got) != key {
							t.Errorf("Get(%q) = %q", key, got)
						}
						return err
					})
					if err != nil {
						t.Error(err)
					}
					continue
				}
				if got, err := p.Get(t.Context(), key); err != nil || string(got) != key {
					t.Errorf("Get(%q) = %q, %v", key, got, err)
				}
			}
		})
	}
	wg.Wait()
	batch := p.Pipeline()
	batch.Do("get", "x")
	if results, err := batch.Exec(t.Context()); err != nil || string(results[0].Reply.Data) != "x" {
		t.Errorf("%v, %v", results, err)
	}
	if st := p.Stat(); st.InUse != 0 || st.Size > 4 || st.Acquired != 901 {
		t.Errorf("%+v", st)
	}

	func() {
		defer func() { _ = recover() }()
		_ = p.With(t.Context(), func(*gibson.Conn) error { panic("in the middle") })
	}()
	if st := p.Stat(); st.InUse != 0 {
		t.Errorf("after a panic %+v", st)
	}
	want := errors.New("of fn")
	if err := p.With(t.Context(), func(*gibson.Conn) error { return want }); err != want {
		t.Errorf("With: %v", err)
	}
	for range 2 {
		p.Close()
	}
	if _, err := p.Acquire(t.Context()); !errors.Is(err, gibson.ErrClosed) {
		t.Errorf("Acquire: %v, want ErrClosed", err)
	}
	if err := p.With(t.Context(), func(*gibson.Conn) error { return nil }); !errors.Is(err, gibson.ErrClosed) {
		t.Errorf("With: %v, want ErrClosed", err)
	}
	if err := p.Ping(t.Context()); !errors.Is(err, gibson.ErrClosed) {
		t.Errorf("Ping: %v, want ErrClosed", err)
	}
	batch.Do("get", "x")
	if _, err := batch.Exec(t.Context()); !errors.Is(err, gibson.ErrClosed) {
		t.Errorf("Exec: %v, want ErrClosed", err)
	}
}

// session is what a program may want a pool to hand out.
type session struct {
	*gibson.Conn
	number int64
}

func TestPoolFactory(t *testing.T) {
	var open atomic.Int64
	addr := fake(t, func(nc net.Conn) {
		open.Add(1)
		answering(echo)(nc)
		open.Add(-1)
	})
	var made atomic.Int64
	fails := errors.New("no session today")
	p, err := gibson.NewPoolOf(t.Context(), addr, &gibson.PoolOptions{MinSize: 2, MaxSize: 3}, func(c *gibson.Conn) (*session, error) {
		if made.Add(1) > 2 {
			return nil, fails
		}
		return &session{c, made.Load()}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	a, err := p.Acquire(t.Context())
	if err != nil || a.number < 1 || a.number > 2 {
		t.Fatalf("%v, %v", a, err)
	}
	if err := a.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	b, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Acquire(t.Context()); !errors.Is(err, fails) {
		t.Errorf("Acquire: %v, want the factory's error", err)
	}
	until(t, func() bool { return open.Load() == 2 })
	for _, s := range []*session{a, b} {
		if err := p.Release(s); err != nil {
			t.Error(err)
		}
	}

	q, err := gibson.NewPoolOf(t.Context(), addr, nil, func(*gibson.Conn) (string, error) { return "same", nil })
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if _, err := q.Acquire(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := q.Acquire(t.Context()); err == nil || !strings.Contains(err.Error(), "equal") {
		t.Errorf("Acquire of an equal value: %v", err)
	}
	if err := q.Release("same"); err != nil {
		t.Error(err)
	}
}

func TestPoolEncoding(t *testing.T) {
	var server scripted
	server.set(wire.AppendValue(nil, []byte("Zo\xeb")))
	p := newPool(t, fake(t, answering(server.answer)), &gibson.PoolOptions{
		Options: gibson.Options{Encoding: "iso-8859-1"}, MaxSize: 2,
	})
	if p.Encoding() != "iso-8859-1" {
		t.Errorf("Encoding %q", p.Encoding())
	}
	if got, err := p.Get(t.Context(), "k"); string(got) != "Zoë" || err != nil {
		t.Errorf("Get of the pool = %q, %v", got, err)
	}
	err := p.With(t.Context(), func(c *gibson.Conn) error {
		got, err := c.Get(t.Context(), "k")
		if string(got) != "Zoë" {
			t.Errorf("Get of its connection = %q", got)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
