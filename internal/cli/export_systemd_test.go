package cli

import (
	"log/slog"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
)

// Watch is the watchdog of a server, with a clock of the test's.
type Watch struct {
	cache *cache.Cache
	ticks chan time.Time
}

// NewWatch starts a watchdog that ends with the test.
func NewWatch(t testing.TB) *Watch {
	t.Helper()
	c, err := cache.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &Watch{c, make(chan time.Time)}
	d := &daemon{cache: c, log: slog.New(slog.DiscardHandler)}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		d.watch(w.ticks, done)
	}()
	t.Cleanup(func() {
		close(done)
		<-ended
		c.Close()
	})
	return w
}

// Tick makes it look, once it is done with the last tick.
func (w *Watch) Tick() { w.ticks <- time.Time{} }

// TryTick makes it look if it is waiting for a tick, and reports whether it is.
func (w *Watch) TryTick() bool {
	select {
	case w.ticks <- time.Time{}:
		return true
	default:
		return false
	}
}

// Hold takes the lock that every request needs.
func (w *Watch) Hold(t testing.TB) (release func()) {
	t.Helper()
	b, err := w.cache.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return b.End
}
