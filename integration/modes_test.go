package integration

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/gibsontest"
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

// epoch is the time of day at which every script begins: the turn of a second,
// so that scripts can tell where in a second they are.
var epoch = time.Date(2020, 2, 29, 23, 59, 0, 0, time.UTC)

// newWorld starts a Gibson with the given settings, reached in the given way.
// It ends with the test.
func newWorld(t testing.TB, mode string, conf [][2]string) *testWorld {
	t.Helper()
	w := &testWorld{mode: mode, server: newServer(t, conf), clients: map[int]client{}}
	t.Cleanup(w.hangup)
	return w
}

// newServer starts a server of this process.
func newServer(t testing.TB, conf [][2]string) *gibsontest.Server {
	t.Helper()
	set := settings(t, conf)
	return gibsontest.NewServer(t, &gibsontest.Options{
		Cache: set.cache,
		Start: epoch,
		Server: func(s *server.Server) {
			s.MaxClients, s.MaxRequestSize, s.MaxResponseSize = set.clients, set.request, set.response
			s.MaxOutputMemory = int64(set.output)
			s.Loops = 4 // or all would wait for one on a machine with two processors
		},
	})
}

// setting is what a script's conf lines come to.
type setting struct {
	cache                      cache.Options
	clients, request, response int
	output                     int
}

// settings reads conf lines, which have gibson.conf's names and units.
func settings(t testing.TB, conf [][2]string) setting {
	t.Helper()
	var set setting
	sizes := map[string]*int{
		"max_key_size":      &set.cache.MaxKeySize,
		"max_value_size":    &set.cache.MaxValueSize,
		"compression":       &set.cache.Compression,
		"max_request_size":  &set.request,
		"max_response_size": &set.response,
		"max_output_memory": &set.output,
		"max_clients":       &set.clients,
	}
	times := map[string]*time.Duration{
		"max_item_ttl": &set.cache.MaxItemTTL,
		"gc_ratio":     &set.cache.GCRatio,
		"max_mem_cron": &set.cache.GCInterval,
	}
	policies := []cache.Eviction{cache.EvictLFU, cache.EvictLRU, cache.EvictGCRatio, cache.EvictNone}
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

// testWorld is a server in this process, or the cache inside of it, and the
// clients that reach it in one of the modes.
type testWorld struct {
	mode    string
	server  *gibsontest.Server
	mu      sync.Mutex // protects clients
	clients map[int]client
}

func (w *testWorld) advance(d time.Duration) { w.server.Advance(d) }
func (w *testWorld) now() time.Time          { return w.server.Now() }
func (w *testWorld) start() time.Time        { return epoch }
func (w *testWorld) slack() int64            { return 0 }

// client implements world.
func (w *testWorld) client(t testing.TB, n int) client {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.clients[n]; c != nil {
		return c
	}
	w.clients[n] = w.newClient(t)
	return w.clients[n]
}

func (w *testWorld) newClient(t testing.TB) client {
	t.Helper()
	switch w.mode {
	case modeUnix:
		return &wireClient{dial: dialer(w.server.Addr())}
	case modeTCP:
		return &wireClient{dial: dialer(w.server.TCPAddr())}
	case modeClient:
		conn, err := gibson.Dial(t.Context(), w.server.Addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return &connClient{conn: conn}
	}
	return &embeddedClient{embedded{w.server.Cache()}}
}

// hangup closes every connection.
func (w *testWorld) hangup() {
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
func (w *testWorld) stop(t testing.TB) (left bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	if err := w.server.Server().Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	_, err := os.Lstat(w.server.Addr())
	return err == nil
}
