package server

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/machine"
)

// The defaults of Server's fields, sizes in bytes (docs/protocol.md,
// "Limits").
const (
	DefaultMaxClients       = 1024
	DefaultMaxRequestSize   = 2 << 20
	DefaultMaxResponseSize  = 64 << 20
	DefaultMaxBatchRequests = 128
	DefaultMaxBatchBytes    = 64 << 10
	DefaultBusyPoll         = 200 * time.Microsecond
)

// MaxBusyPoll is the longest BusyPoll of a Server.
const MaxBusyPoll = time.Millisecond

// minRequestSize is the smallest useful MaxRequestSize: a request without
// arguments.
const minRequestSize = 2

// maxFieldSize is the largest size that the protocol's length fields of 32
// bits can carry, with room for the header so that no sum overflows an int of
// the same width.
const maxFieldSize = math.MaxInt32 - 1<<10

// config holds a Server's settings with defaults filled in. It does not change
// after setUp.
type config struct {
	maxClients       int
	maxRequestSize   int
	maxResponseSize  int
	maxBatchRequests int
	maxBatchBytes    int
	handshake        time.Duration
	loops            int
	busyPoll         int64 // ns; 0: none
	log              *slog.Logger
	clock            cache.Clock // the cache's
	started          time.Time
	version          string
	buildTime        string
}

// setUpOnce checks the fields and fills in defaults, on the first call.
func (s *Server) setUpOnce() error {
	s.once.Do(func() { s.setUpErr = s.setUp() })
	return s.setUpErr
}

func (s *Server) setUp() error {
	if s.Cache == nil {
		return errors.New("gibson: server: Cache is nil, want the cache to serve")
	}
	c := config{
		log:       s.Logger,
		clock:     s.Cache.Options().Clock,
		version:   s.Version,
		buildTime: s.BuildTime,
	}
	for _, f := range []struct {
		name            string
		dst             *int
		value, def      int
		smallest, large int
	}{
		{"MaxClients", &c.maxClients, s.MaxClients, DefaultMaxClients, 1, math.MaxInt},
		{"MaxRequestSize", &c.maxRequestSize, s.MaxRequestSize, DefaultMaxRequestSize, minRequestSize, maxFieldSize},
		{"MaxResponseSize", &c.maxResponseSize, s.MaxResponseSize, DefaultMaxResponseSize, 1, maxFieldSize},
		{"MaxBatchRequests", &c.maxBatchRequests, s.MaxBatchRequests, DefaultMaxBatchRequests, 1, 1 << 20},
		{"MaxBatchBytes", &c.maxBatchBytes, s.MaxBatchBytes, DefaultMaxBatchBytes, 1, maxFieldSize},
	} {
		if f.value == 0 {
			*f.dst = f.def
			continue
		}
		if f.value < f.smallest || f.value > f.large {
			return fmt.Errorf("gibson: server: %s is %d, want 0 for the default or %d to %d", f.name, f.value, f.smallest, f.large)
		}
		*f.dst = f.value
	}
	if s.HandshakeTimeout < 0 {
		return fmt.Errorf("gibson: server: HandshakeTimeout is %v, want zero for the default or more", s.HandshakeTimeout)
	}
	if c.handshake = s.HandshakeTimeout; c.handshake == 0 {
		c.handshake = DefaultHandshakeTimeout
	}
	if err := s.setTimeouts(s.IdleTimeout, s.WriteTimeout); err != nil {
		return err
	}
	if err := s.setMaxOutput(s.MaxOutputMemory); err != nil {
		return err
	}
	if err := s.setMaxPerAddress(s.MaxClientsPerAddress); err != nil {
		return err
	}
	c.loops = s.Loops
	if c.loops == 0 {
		c.loops = defaultLoops()
	}
	if s.BusyPoll > MaxBusyPoll {
		return fmt.Errorf("gibson: server: BusyPoll is %v, want zero for the default, at most %v, or less than zero for none", s.BusyPoll, MaxBusyPoll)
	}
	c.busyPoll = busyPollLimit(s.BusyPoll, runtime.GOMAXPROCS(0), machine.Processors())
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	version, buildTime := buildInfo()
	if c.version == "" {
		c.version = version
	}
	if c.buildTime == "" {
		c.buildTime = buildTime
	}
	c.started = c.clock.Wall()
	s.cfg = c
	if s.begin == nil {
		s.begin = s.beginBatch
	}
	s.work.New = func() any { return newWorkspace(s) }
	return nil
}
