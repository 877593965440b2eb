package gibson_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gogibson/gibson"
)

// memory is a Store whose time is the bubble's.
type memory struct {
	mu    sync.Mutex // protects the fields below
	items map[string]*memoryItem
	down  bool
}

type memoryItem struct {
	val         []byte
	end, locked time.Time // zero for never
}

var errUnreachable = errors.New("unreachable")

// item returns the live item of key. m.mu is held.
func (m *memory) item(key string) (*memoryItem, error) {
	it := m.items[key]
	switch {
	case m.down:
		return nil, errUnreachable
	case it == nil || !it.end.IsZero() && !time.Now().Before(it.end):
		return nil, gibson.ErrNotFound
	}
	return it, nil
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(key)
	if err != nil {
		return nil, err
	}
	return it.val, nil
}

func (m *memory) Set(_ context.Context, key string, val []byte, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(key)
	switch {
	case errors.Is(err, errUnreachable):
		return err
	case err == nil && time.Now().Before(it.locked):
		return gibson.ErrLocked
	}
	it = &memoryItem{val: val}
	if ttl > 0 {
		it.end = time.Now().Add(ttl)
	}
	m.items[key] = it
	return nil
}

func (m *memory) Lock(_ context.Context, key string, d time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(key)
	if err != nil {
		return err
	}
	if time.Now().Before(it.locked) {
		return gibson.ErrLocked
	}
	it.locked = time.Now().Add(d)
	return nil
}

func (m *memory) Unlock(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(key)
	if err == nil {
		it.locked = time.Time{}
	}
	return err
}

func (m *memory) MGet(context.Context, string, int) (iter.Seq2[string, gibson.Value], error) {
	return nil, errUnreachable
}

func newMemory() *memory { return &memory{items: map[string]*memoryItem{}} }

// loader returns a load that takes a second and counts.
func loader(loads *atomic.Int64) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		n := loads.Add(1)
		select {
		case <-time.After(time.Second):
			return string(rune('0' + n)), nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// TestFetchOnce has many goroutines of two processes want one key.
func TestFetchOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		var loads atomic.Int64
		var wg sync.WaitGroup
		for range 2 {
			typed := typedOf(t, store, gibson.Raw[string](), nil)
			for i := range 50 {
				wg.Go(func() {
					time.Sleep(time.Duration(i) * 50 * time.Millisecond) // before, during and after the load
					if got, err := typed.Fetch(t.Context(), "k", time.Minute, loader(&loads)); err != nil || got != "1" {
						t.Errorf("Fetch = %q, %v", got, err)
					}
				})
			}
		}
		wg.Wait()
		if n := loads.Load(); n != 1 {
			t.Errorf("%d loads for one miss", n)
		}
		if v, err := store.Get(t.Context(), "k"); err != nil || string(v) != "1" {
			t.Errorf("stored as %q, %v: not raw", v, err)
		}
		time.Sleep(2 * time.Minute)
		typed := typedOf(t, store, gibson.Raw[string](), nil)
		if got, err := typed.Fetch(t.Context(), "k", time.Minute, loader(&loads)); err != nil || got != "2" {
			t.Errorf("after its life Fetch = %q, %v", got, err)
		}
	})
}

// TestFetchFails checks that whatever becomes of a load reaches all who wait.
func TestFetchFails(t *testing.T) {
	fails := errors.New("no database")
	for name, tc := range map[string]struct {
		load  func() (string, error)
		check func(got string, err error, panicked any) bool
	}{
		"error": {
			func() (string, error) { return "", fails },
			func(_ string, err error, panicked any) bool { return errors.Is(err, fails) && panicked == nil },
		},
		"panic": {
			func() (string, error) { panic("boom") },
			func(_ string, _ error, panicked any) bool {
				pe, ok := panicked.(*gibson.PanicError)
				return ok && pe.Value == "boom" && strings.Contains(pe.Error(), "boom") &&
					strings.Contains(string(pe.Stack), "TestFetchFails") && strings.Contains(pe.Error(), "TestFetchFails")
			},
		},
		"exit": {
			func() (string, error) { runtime.Goexit(); return "", nil },
			func(_ string, err error, panicked any) bool { return err != nil && panicked == nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				typed := typedOf(t, newMemory(), gibson.Raw[string](), nil)
				var loads atomic.Int64
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						var got string
						var err error
						panicked := func() (r any) {
							defer func() { r = recover() }()
							got, err = typed.Fetch(t.Context(), "k", 0, func(context.Context) (string, error) {
								loads.Add(1)
								time.Sleep(time.Second)
								return tc.load()
							})
							return nil
						}()
						if !tc.check(got, err, panicked) {
							t.Errorf("%q, %v, panic %v", got, err, panicked)
						}
					})
				}
				wg.Wait()
				if loads.Load() != 1 {
					t.Errorf("%d loads", loads.Load())
				}
				// The next one loads again: nothing is remembered.
				if got, err := typed.Fetch(t.Context(), "k", 0, loader(&loads)); err != nil || got != "2" {
					t.Errorf("then Fetch = %q, %v", got, err)
				}
			})
		})
	}
}

// TestFetchCancel cancels callers: one of two, then all.
func TestFetchCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		typed := typedOf(t, newMemory(), gibson.Raw[string](), nil)
		var loads atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := typed.Fetch(ctx, "k", 0, loader(&loads)); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		})
		synctest.Wait() // the first one's load is in progress
		wg.Go(func() {
			if got, err := typed.Fetch(t.Context(), "k", 0, loader(&loads)); err != nil || got != "1" {
				t.Errorf("the other one: %q, %v", got, err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()

		ctx, cancel = context.WithCancel(t.Context())
		ended := make(chan error, 1)
		wg.Go(func() {
			_, err := typed.Fetch(ctx, "other", 0, func(ctx context.Context) (string, error) {
				<-ctx.Done()
				ended <- ctx.Err()
				return "", ctx.Err()
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("a load that nobody waits for goes on: %v", err)
		}
		if got, err := typed.Fetch(t.Context(), "other", 0, loader(&loads)); err != nil || got != "2" {
			t.Errorf("then Fetch = %q, %v", got, err)
		}
		if _, err := typed.Fetch(ctx, "k", 0, loader(&loads)); !errors.Is(err, context.Canceled) {
			t.Errorf("Fetch with an ended context: %v", err)
		}
	})
}

// TestFetchLock has a process die in the middle of a load.
func TestFetchLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		side := "\x00gibson:lock:k"
		if err := store.Set(t.Context(), side, []byte("1"), 4*time.Second); err != nil {
			t.Fatal(err)
		}
		if err := store.Lock(t.Context(), side, 4*time.Second); err != nil {
			t.Fatal(err)
		}
		typed := typedOf(t, store, gibson.Raw[string](), nil)
		var loads atomic.Int64
		start := time.Now()
		if got, err := typed.Fetch(t.Context(), "k", 0, loader(&loads)); err != nil || got != "1" {
			t.Errorf("Fetch = %q, %v", got, err)
		}
		if d := time.Since(start); d < 4*time.Second || d > 6*time.Second {
			t.Errorf("took %v, want the 4 s of the lock and the load", d)
		}
	})
}

func TestFetchWithoutServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.down = true
		typed := typedOf(t, store, gibson.Raw[string](), nil)
		var loads atomic.Int64
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if got, err := typed.Fetch(t.Context(), "k", 0, loader(&loads)); err != nil || got != "1" {
					t.Errorf("Fetch = %q, %v", got, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestFetchRefuses(t *testing.T) {
	conn := dial(t, fake(t, answering(echo)), nil)
	typed := typedOf(t, conn, gibson.Raw[string](), nil)
	var loads atomic.Int64
	if _, err := typed.Fetch(t.Context(), "a b", 0, loader(&loads)); !errors.Is(err, gibson.ErrInvalidKey) {
		t.Errorf("wrong key: %v", err)
	}
	if _, err := typed.Fetch(t.Context(), "k", -5, loader(&loads)); !errors.Is(err, gibson.ErrInvalidTTL) {
		t.Errorf("wrong ttl: %v", err)
	}
	if loads.Load() != 0 {
		t.Error("it was loaded all the same")
	}
}

func TestFetchNegative(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, negative := range []time.Duration{0, 10 * time.Second} {
			typed := typedOf(t, newMemory(), gibson.Raw[string](), &gibson.TypedOptions{NegativeFor: negative})
			loads := 0
			fetch := func() {
				t.Helper()
				_, err := typed.Fetch(t.Context(), "k", time.Hour, func(context.Context) (string, error) {
					loads++
					return "", gibson.ErrNotFound
				})
				if !errors.Is(err, gibson.ErrNotFound) {
					t.Errorf("Fetch: %v", err)
				}
			}
			fetch()
			fetch()
			want := 2
			if negative > 0 {
				want = 1
				if _, err := typed.Get(t.Context(), "k"); !errors.Is(err, gibson.ErrNotFound) {
					t.Errorf("Get: %v", err)
				}
			}
			if loads != want {
				t.Errorf("NegativeFor %v: %d loads, want %d", negative, loads, want)
			}
			time.Sleep(negative)
			if fetch(); loads != want+1 {
				t.Errorf("NegativeFor %v: later %d loads, want %d", negative, loads, want+1)
			}
		}
	})
}

func TestFetchStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		opts := &gibson.TypedOptions{StaleFor: time.Minute}
		typed := typedOf(t, store, gibson.Raw[string](), opts)
		other := typedOf(t, store, gibson.Raw[string](), opts)
		var loads atomic.Int64
		fetch := func(typed *gibson.Typed[string], want string, took time.Duration) {
			t.Helper()
			start := time.Now()
			if got, err := typed.Fetch(t.Context(), "k", time.Minute, loader(&loads)); err != nil || got != want {
				t.Errorf("Fetch = %q, %v, want %q", got, err, want)
			}
			if d := time.Since(start); d != took {
				t.Errorf("took %v, want %v", d, took)
			}
		}
		fetch(typed, "1", time.Second)
		fetch(typed, "1", 0)
		time.Sleep(61 * time.Second)
		for range 5 { // stale, from both, while one of them loads
			fetch(typed, "1", 0)
			fetch(other, "1", 0)
		}
		typed.Wait()
		other.Wait()
		fetch(typed, "2", 0)
		fetch(other, "2", 0)
		if n := loads.Load(); n != 2 {
			t.Errorf("%d loads, want 2", n)
		}
		time.Sleep(time.Hour) // beyond stale
		fetch(other, "3", time.Second)
	})
}
