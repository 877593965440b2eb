package gibson_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/gibsontest"
	"github.com/gogibson/gibson/wire"
)

// endings are what a load may return when its context has ended, which comes
// too late: that its callers never get it must not depend on who is faster.
var endings = map[string]func(context.Context) (string, error){
	"its context's error": func(ctx context.Context) (string, error) { return "", ctx.Err() },
	"the cause":           func(ctx context.Context) (string, error) { return "", context.Cause(ctx) },
	"another error":       func(context.Context) (string, error) { return "", errUnreachable },
	"nothing found":       func(context.Context) (string, error) { return "", gibson.ErrNotFound },
	"a value":             func(context.Context) (string, error) { return "late", nil },
}

// rounds is how often a test repeats what depends on who is faster.
const rounds = 200

// TestFetchLoadTimeoutOutcome has loads that return when their time is over.
func TestFetchLoadTimeoutOutcome(t *testing.T) {
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				typed := typedOf(t, newMemory(), gibson.Raw[string](), nil)
				for range rounds {
					got, err := typed.Fetch(t.Context(), "k", 0, func(ctx context.Context) (string, error) {
						<-ctx.Done()
						return ending(ctx)
					})
					if got != "" || !errors.Is(err, context.DeadlineExceeded) {
						t.Fatalf("Fetch = %q, %v, want DeadlineExceeded", got, err)
					}
					typed.Wait()
				}
			})
		})
	}
}

// TestTypedCloseOutcome has loads that return when Close has ended them.
func TestTypedCloseOutcome(t *testing.T) {
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for range rounds {
					typed := typedOf(t, newMemory(), gibson.Raw[string](), nil)
					var wg sync.WaitGroup
					wg.Go(func() {
						got, err := typed.Fetch(t.Context(), "k", 0, func(ctx context.Context) (string, error) {
							<-ctx.Done()
							return ending(ctx)
						})
						if got != "" || !errors.Is(err, gibson.ErrClosed) {
							t.Errorf("Fetch = %q, %v, want ErrClosed", got, err)
						}
					})
					synctest.Wait()
					ctx, cancel := context.WithCancel(t.Context())
					cancel()
					if err := typed.Close(ctx); !errors.Is(err, context.Canceled) {
						t.Errorf("Close: %v", err)
					}
					wg.Wait()
				}
			})
		})
	}
}

// dark is a Store that stops to answer: the request of that number and all
// after it hang until their context ends, or fail with lost if that is set.
type dark struct {
	*memory
	from int
	lost error

	mu    sync.Mutex // protects the field below
	asked int
}

func (d *dark) ask(ctx context.Context) error {
	d.mu.Lock()
	n := d.asked
	d.asked++
	d.mu.Unlock()
	switch {
	case n < d.from:
		return nil
	case d.lost != nil:
		return d.lost
	}
	<-ctx.Done()
	return ctx.Err()
}

func (d *dark) Get(ctx context.Context, key string) ([]byte, error) {
	if err := d.ask(ctx); err != nil {
		return nil, err
	}
	return d.memory.Get(ctx, key)
}

func (d *dark) Set(ctx context.Context, key string, val []byte, ttl time.Duration) error {
	if err := d.ask(ctx); err != nil {
		return err
	}
	return d.memory.Set(ctx, key, val, ttl)
}

func (d *dark) Lock(ctx context.Context, key string, dur time.Duration) error {
	if err := d.ask(ctx); err != nil {
		return err
	}
	return d.memory.Lock(ctx, key, dur)
}

func (d *dark) Unlock(ctx context.Context, key string) error {
	if err := d.ask(ctx); err != nil {
		return err
	}
	return d.memory.Unlock(ctx, key)
}

// TestFetchWithoutAnswer has the server fall silent, or go away, at each of the
// requests that a Fetch makes. It loads all the same, once, in time, and asks
// no more than one question that is not answered before.
func TestFetchWithoutAnswer(t *testing.T) {
	for name, lost := range map[string]error{"silent": nil, "lost": gibson.ErrConnectionLost} {
		for from := range 7 {
			if lost == nil && from == 0 {
				continue // the first GET is bounded by the caller's context alone
			}
			synctest.Test(t, func(t *testing.T) {
				store := &dark{memory: newMemory(), from: from, lost: lost}
				typed := typedOf(t, store, gibson.Raw[string](), &gibson.TypedOptions{LoadTimeout: 8 * time.Second})
				loads := 0
				got, err := typed.Fetch(t.Context(), "k", 0, func(ctx context.Context) (string, error) {
					if loads++; ctx.Err() != nil {
						t.Errorf("%s from request %d on: loaded with a context that has ended", name, from)
					}
					if want := min(from+1, 5); store.asked != want {
						t.Errorf("%s from request %d on: %d requests before the load, want %d", name, from, store.asked, want)
					}
					return "v", nil
				})
				if got != "v" || err != nil || loads != 1 {
					t.Errorf("%s from request %d on: Fetch = %q, %v after %d loads", name, from, got, err, loads)
				}
			})
		}
	}
}

// TestFetchLoadedAtTheEnd has the time of a load end while its value is being
// stored: the value is there.
func TestFetchLoadedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &dark{memory: newMemory(), from: 5}
		typed := typedOf(t, store, gibson.Raw[string](), &gibson.TypedOptions{LoadTimeout: 8 * time.Second})
		got, err := typed.Fetch(t.Context(), "k", 0, func(ctx context.Context) (string, error) {
			time.Sleep(7 * time.Second)
			return "v", nil
		})
		if got != "v" || err != nil {
			t.Errorf("Fetch = %q, %v", got, err)
		}
	})
}

// TestFetchLoadTimeout has loads that hang: in the background and while a
// caller waits, with a loader that heeds its context and one that does not.
// The key is loaded by the next Fetch all the same.
func TestFetchLoadTimeout(t *testing.T) {
	for name, heeds := range map[string]bool{"heeds its context": true, "does not": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				hang := func(ctx context.Context) (string, error) {
					if heeds {
						<-ctx.Done()
						return "late", nil
					}
					<-release
					return "late", nil
				}
				typed := typedOf(t, newMemory(), gibson.Raw[string](), &gibson.TypedOptions{
					StaleFor: time.Minute, LoadTimeout: 5 * time.Second,
				})
				defer close(release)
				if err := typed.Set(t.Context(), "k", "old", time.Second); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Second)
				if got, err := typed.Fetch(t.Context(), "k", time.Second, hang); err != nil || got != "old" {
					t.Errorf("stale: %q, %v", got, err)
				}
				time.Sleep(2 * time.Minute) // by now the value is gone
				start := time.Now()
				if _, err := typed.Fetch(t.Context(), "k", time.Second, hang); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("waiting for a load that hangs: %v", err)
				}
				if d := time.Since(start); d != 5*time.Second { // the bubble's clock is exact
					t.Errorf("it ended after %v", d)
				}
				time.Sleep(time.Minute) // the lock of the load that hangs is over
				var loads atomic.Int64
				if got, err := typed.Fetch(t.Context(), "k", time.Second, loader(&loads)); err != nil || got != "1" {
					t.Errorf("then Fetch = %q, %v", got, err)
				}
			})
		})
	}
}

// TestFetchLoadTimeoutDefault checks the default with an exact clock.
func TestFetchLoadTimeoutDefault(t *testing.T) {
	for lock, want := range map[time.Duration]time.Duration{0: time.Minute, 2 * time.Minute: 4 * time.Minute, math.MaxInt64: math.MaxInt64} {
		synctest.Test(t, func(t *testing.T) {
			typed := typedOf(t, newMemory(), gibson.Raw[string](), &gibson.TypedOptions{LockTime: lock})
			start := time.Now()
			_, err := typed.Fetch(t.Context(), "k", 0, func(ctx context.Context) (string, error) {
				if end, ok := ctx.Deadline(); !ok || end.Sub(start) != want {
					t.Errorf("LockTime %v: the load has %v, want %v", lock, end.Sub(start), want)
				}
				return "", gibson.ErrNotFound
			})
			if !errors.Is(err, gibson.ErrNotFound) {
				t.Errorf("LockTime %v: %v", lock, err)
			}
		})
	}
}

// lockHeld is a connection that calls sent when a LOCK has been written, and
// passes nothing on that was received then until left is closed.
type lockHeld struct {
	net.Conn
	sent func()
	left chan struct{}
	held atomic.Bool
}

func (l *lockHeld) Write(b []byte) (int, error) {
	lock := wire.BeginRequest(nil, wire.OpLock)[wire.HeaderSize:]
	if len(b) > len(lock) && bytes.Equal(b[wire.HeaderSize:wire.HeaderSize+len(lock)], lock) {
		l.held.Store(true)
		defer l.sent()
	}
	return l.Conn.Write(b)
}

func (l *lockHeld) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if l.held.Load() {
		<-l.left
	}
	return n, err
}

// TestFetchCancelledWhileLocking ends the only caller's context when the
// server has the LOCK and the client no answer. The key must not stay locked
// for the others, and a load whose context has ended must not begin.
func TestFetchCancelledWhileLocking(t *testing.T) {
	srv := gibsontest.NewServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left := make(chan struct{})
	conn := dial(t, srv.Addr(), &gibson.Options{
		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			var d net.Dialer
			nc, err := d.DialContext(ctx, network, address)
			return &lockHeld{Conn: nc, sent: cancel, left: left}, err
		},
	})
	typed := typedOf(t, conn, gibson.Raw[string](), nil)
	loads := 0
	_, err := typed.Fetch(ctx, "k", 0, func(context.Context) (string, error) {
		loads++
		return "v", nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Fetch: %v", err)
	}
	close(left)
	typed.Wait()
	if loads != 0 {
		t.Error("it was loaded for nobody")
	}
	direct := dial(t, srv.Addr(), nil)
	if n, err := direct.MetaLock(t.Context(), "\x00gibson:lock:k"); n != 0 || err != nil {
		t.Errorf("MetaLock = %d, %v: still locked", n, err)
	}
}

// counting is a Store that notes what it is asked.
type counting struct {
	*memory
	asked []string
}

func (c *counting) Get(ctx context.Context, key string) ([]byte, error) {
	c.asked = append(c.asked, "GET "+key)
	return c.memory.Get(ctx, key)
}

func (c *counting) Set(ctx context.Context, key string, val []byte, ttl time.Duration) error {
	c.asked = append(c.asked, "SET "+key)
	return c.memory.Set(ctx, key, val, ttl)
}

func (c *counting) Lock(ctx context.Context, key string, d time.Duration) error {
	c.asked = append(c.asked, "LOCK "+key)
	return c.memory.Lock(ctx, key, d)
}

func (c *counting) Unlock(ctx context.Context, key string) error {
	c.asked = append(c.asked, "UNLOCK "+key)
	return c.memory.Unlock(ctx, key)
}

// TestFetchRequests checks what Fetch says that it costs: a miss, then a hit,
// with the lock and without.
func TestFetchRequests(t *testing.T) {
	const side = "\x00gibson:lock:k"
	for noLock, want := range map[bool][]string{
		false: {"GET k", "GET k", "SET " + side, "LOCK " + side, "GET k", "SET k", "UNLOCK " + side, "GET k"},
		true:  {"GET k", "GET k", "SET k", "GET k"},
	} {
		store := &counting{memory: newMemory()}
		typed := typedOf(t, store, gibson.Raw[string](), &gibson.TypedOptions{NoLock: noLock})
		for range 2 {
			got, err := typed.Fetch(t.Context(), "k", 0, func(context.Context) (string, error) { return "v", nil })
			if got != "v" || err != nil {
				t.Errorf("Fetch = %q, %v", got, err)
			}
		}
		if !slices.Equal(store.asked, want) {
			t.Errorf("NoLock %v: %q, want %q", noLock, store.asked, want)
		}
	}
}

// TestTypedClose closes a Typed with loads running, in time and too late.
func TestTypedClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int64
		store := newMemory()
		typed := typedOf(t, store, gibson.Raw[string](), &gibson.TypedOptions{StaleFor: time.Hour})
		var wg sync.WaitGroup
		wg.Go(func() {
			if got, err := typed.Fetch(t.Context(), "k", time.Minute, loader(&loads)); err != nil || got != "1" {
				t.Errorf("Fetch that began before Close = %q, %v", got, err)
			}
		})
		synctest.Wait()
		if err := typed.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
		wg.Wait()
		if _, err := typed.Fetch(t.Context(), "other", 0, loader(&loads)); !errors.Is(err, gibson.ErrClosed) {
			t.Errorf("Fetch of a miss after Close: %v, want ErrClosed", err)
		}
		time.Sleep(2 * time.Minute)
		if got, err := typed.Fetch(t.Context(), "k", time.Minute, loader(&loads)); err != nil || got != "1" {
			t.Errorf("Fetch of a stale value after Close = %q, %v", got, err)
		}
		typed.Wait()
		if n := loads.Load(); n != 1 {
			t.Errorf("%d loads, want 1", n)
		}

		slow := typedOf(t, newMemory(), gibson.Raw[string](), nil)
		wg.Go(func() {
			_, err := slow.Fetch(t.Context(), "k", 0, func(ctx context.Context) (string, error) {
				<-ctx.Done()
				return "late", nil
			})
			if !errors.Is(err, gibson.ErrClosed) {
				t.Errorf("Fetch whose load Close ended: %v, want ErrClosed", err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := slow.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v, want DeadlineExceeded", err)
		}
		wg.Wait()
	})
}

// TestTypedLongLife adds StaleFor to lives near the longest there is.
func TestTypedLongLife(t *testing.T) {
	store := newMemory()
	typed := typedOf(t, store, gibson.Raw[string](), &gibson.TypedOptions{StaleFor: math.MaxInt64})
	if err := typed.Set(t.Context(), "k", "v", time.Hour); err != nil {
		t.Fatal(err)
	}
	if ttl := time.Until(store.items["k"].end); store.items["k"].end.IsZero() || ttl < 100*365*24*time.Hour {
		t.Errorf("the item is given %v to live", ttl)
	}
}
