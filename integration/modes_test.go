package integration

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/server"
)

// The ways to reach a Gibson that every case runs in.
const (
	modeEmbedded = "embedded" // the cache in this process, its exported methods
	modeUnix     = "unix"     // raw bytes over a unix socket
	modeTCP      = "tcp"      // raw bytes over TCP
	modeClient   = "client"   // the typed methods of gibson.Conn over a unix socket
)

var modeNames = []string{modeEmbedded, modeUnix, modeTCP, modeClient}

// newWorld starts a Gibson with the given settings, reached in the given way.
// It ends with the test.
func newWorld(t testing.TB, mode string, conf [][2]string) world {
	t.Helper()
	clock := &fakeClock{}
	set := settings(t, conf, clock)
	c, err := cache.New(&set.cache)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if mode == modeEmbedded {
		return &embeddedWorld{fakeClock: clock, cache: c}
	}
	set.server.Cache = c
	return newServerWorld(t, mode, set.server, clock)
}

// setting is what a script's conf lines come to.
type setting struct {
	cache  cache.Options
	server *server.Server
}

// settings reads conf lines, which have gibson.conf's names and units.
func settings(t testing.TB, conf [][2]string, clock *fakeClock) setting {
	t.Helper()
	set := setting{cache: cache.Options{Clock: clock}, server: &server.Server{}}
	sizes := map[string]*int{
		"max_key_size":      &set.cache.MaxKeySize,
		"max_value_size":    &set.cache.MaxValueSize,
		"compression":       &set.cache.Compression,
		"max_request_size":  &set.server.MaxRequestSize,
		"max_response_size": &set.server.MaxResponseSize,
		"max_clients":       &set.server.MaxClients,
	}
	times := map[string]*time.Duration{
		"max_item_ttl": &set.cache.MaxItemTTL,
		"gc_ratio":     &set.cache.GCRatio,
		"max_mem_cron": &set.cache.GCInterval,
	}
	policies := []cache.Eviction{cache.EvictGCRatio, cache.EvictNone}
	for _, c := range conf {
		name, value := c[0], c[1]
		if f := sizes[name]; f != nil {
			*f = int(confSize(t, value))
			continue
		}
		if f := times[name]; f != nil {
			*f = confTime(t, value)
			continue
		}
		switch name {
		case "max_memory":
			set.cache.MaxMemory = confSize(t, value)
		case "eviction":
			i := slices.IndexFunc(policies, func(e cache.Eviction) bool { return e.String() == value })
			if i < 0 {
				t.Fatalf("conf: no eviction policy %q", value)
			}
			set.cache.Eviction = policies[i]
		case "expired_cron", "max_idletime":
			// Expiry needs no cron here, and idle connections are left alone.
		default:
			t.Fatalf("conf: unknown name %q", name)
		}
	}
	return set
}

// confSize reads a number with K or M.
func confSize(t testing.TB, s string) int64 {
	t.Helper()
	digits, unit := strings.TrimRight(s, "KM"), int64(1)
	switch s[len(digits):] {
	case "K":
		unit = 1 << 10
	case "M":
		unit = 1 << 20
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		t.Fatalf("conf: %v", err)
	}
	return n * unit
}

// confTime reads seconds, with or without a unit.
func confTime(t testing.TB, s string) time.Duration {
	t.Helper()
	if _, err := strconv.Atoi(s); err == nil {
		s += "s"
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatalf("conf: %v", err)
	}
	return d
}

// serverWorld is a server in this process and the clients that reach it.
type serverWorld struct {
	*fakeClock
	mode    string
	addr    string
	server  *server.Server
	mu      sync.Mutex // protects clients
	clients map[int]client
}

// newServerWorld serves s on a socket of the mode's kind until the test ends.
func newServerWorld(t testing.TB, mode string, s *server.Server, clock *fakeClock) *serverWorld {
	t.Helper()
	network, addr := "unix", filepath.Join(socketDir(t), "gibson.sock")
	if mode == modeTCP {
		network, addr = "tcp", "127.0.0.1:0"
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	w := &serverWorld{fakeClock: clock, mode: mode, addr: l.Addr().String(), server: s, clients: map[int]client{}}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		w.hangup()
		_ = s.Close()
		if err := <-done; !errors.Is(err, server.ErrServerClosed) {
			t.Errorf("Serve: %v, want ErrServerClosed", err)
		}
	})
	return w
}

// socketDir returns a directory whose path is short enough for a socket.
func socketDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gib")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// client implements world.
func (w *serverWorld) client(t testing.TB, n int) client {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.clients[n]; c != nil {
		return c
	}
	if w.mode != modeClient {
		w.clients[n] = &wireClient{dial: dialer(w.addr)}
		return w.clients[n]
	}
	conn, err := gibson.Dial(t.Context(), w.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.clients[n] = &connClient{conn: conn}
	return w.clients[n]
}

// hangup closes every connection.
func (w *serverWorld) hangup() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.clients {
		switch c := c.(type) {
		case *wireClient:
			c.hangup()
		case *connClient:
			_ = c.conn.Close()
		}
	}
}

// stop implements world.
func (w *serverWorld) stop(t testing.TB) (left bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	if err := w.server.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	_, err := os.Lstat(w.addr)
	return err == nil
}
