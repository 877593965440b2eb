package cli

import (
	"log/slog"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
)

// Watch runs body beside the watchdog of a server. tick makes it look; hold
// takes the cache's lock.
func Watch(t testing.TB, body func(tick func(), hold func() (release func()))) {
	t.Helper()
	c, err := cache.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d := &daemon{cache: c, log: slog.New(slog.DiscardHandler)}
	ticks, done, ended := make(chan time.Time), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		d.watch(ticks, done)
	}()
	body(func() { ticks <- time.Time{} }, func() func() {
		b, err := c.Begin()
		if err != nil {
			t.Fatal(err)
		}
		return b.End
	})
	close(done)
	<-ended
}
