// Package load is the load generator: one thread and one epoll set for any
// number of connections, the same for every server that is measured.
//
// It is light on purpose, since it shares the machine's cores with the server:
// requests are copied from templates with the key's eight digits overwritten,
// replies are recognised in place, and nothing is allocated while it runs.
// Every reply is checked nevertheless: its kind, its length and, for GET, that
// the value is the one of the key that was asked for.
package load

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gogibson/gibson/bench/internal/proto"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// Config describes one run.
type Config struct {
	Protocol proto.Protocol
	Network  string // "unix" or "tcp"
	Address  string // socket path or host:port

	Conns int // open connections
	Depth int // requests sent in one write, all answered before the next write

	Family    workload.Family
	Choice    workload.Choice // numbers of the keys; used by the run alone
	ValueSize int             // bytes

	Writes float64 // share of SETs among the requests, 0 to 1
	TTLs   []int   // seconds, one of them chosen per SET; empty: no expiry

	// Missing admits GETs that find nothing, for loads whose items expire.
	// Otherwise a miss ends the run with an error.
	Missing bool

	// Duration and Requests end the run, whichever comes first; 0 is without
	// bound, but one of them or Phase must be set.
	Duration time.Duration
	Requests int64

	// Rate is the requests per second to be sent in all, at even distances
	// and whether or not earlier ones are answered; the latency then counts
	// from the time when a request was due. 0 sends as fast as replies come.
	Rate float64

	// Phase, if not nil, says which of Phases histograms latencies go to. A
	// value of Phases or more ends the run.
	Phase  *atomic.Int32
	Phases int // 0 means 1

	// Stall is the latency from which on a request goes into Result.Stalls; 0
	// lists none.
	Stall time.Duration
}

func (c *Config) check() error {
	switch {
	case c.Protocol == nil || c.Choice == nil:
		return errors.New("load: protocol and choice of keys are needed")
	case c.Conns < 1 || c.Depth < 1:
		return fmt.Errorf("load: %d connections of depth %d, want at least 1", c.Conns, c.Depth)
	case c.Duration <= 0 && c.Requests <= 0 && c.Phase == nil:
		return errors.New("load: neither duration nor number of requests nor phase is set")
	case c.Writes < 0 || c.Writes > 1:
		return fmt.Errorf("load: share of writes %v, want 0 to 1", c.Writes)
	case c.ValueSize < workload.Digits:
		return fmt.Errorf("load: values of %d bytes, want at least %d: they carry their key's number", c.ValueSize, workload.Digits)
	case c.Rate < 0:
		return fmt.Errorf("load: rate %v, want 0 or more", c.Rate)
	}
	return nil
}

// Run sends the load and returns what came back. It ends early with an error
// if ctx is done, if a connection fails, or at the first reply that is not the
// right answer.
func Run(ctx context.Context, cfg Config) (Result, error) {
	if err := cfg.check(); err != nil {
		return Result{}, err
	}
	return run(ctx, &cfg)
}
