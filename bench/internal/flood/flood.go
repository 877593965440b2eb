// Package flood writes values of very different sizes to a Gibson server, to
// see whether its memory limit holds.
package flood

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/gogibson/gibson/bench/internal/call"
	"github.com/gogibson/gibson/bench/internal/proto"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// Config describes the flood.
type Config struct {
	Address  string // of the server's unix socket
	Conns    int
	Keys     uint32  // numbers of the family of users
	Smallest int     // bytes of the smallest value
	Largest  int     // and of the largest; logarithms in between are uniform
	Reads    float64 // share of GETs
	Lives    float64 // share of the SETs with a TTL, of 1 to mostSeconds seconds
}

// mostSeconds is the longest TTL, in seconds.
const mostSeconds = 60

// Counts is what was answered so far. It may be read while the flood runs.
type Counts struct {
	Stored, Hits, Missing atomic.Int64
	Full                  atomic.Int64 // SETs refused with MEM
	Bytes                 atomic.Int64 // of the values stored
}

// versions is how many different values a key may have, one after the other.
const versions = 4

// values makes values that compression cannot shrink: pieces of one random
// text, chosen by key and version, so that a reader can tell whether a value
// ever was its key's.
type values struct {
	text              []byte
	smallest, largest int
}

func newValues(cfg Config) values {
	rng := rand.New(rand.NewPCG(1, 1))
	v := values{text: make([]byte, 2*cfg.Largest), smallest: cfg.Smallest, largest: cfg.Largest}
	for i := range v.text {
		v.text[i] = byte(rng.Uint32())
	}
	return v
}

func (v values) of(key uint32, version int) []byte {
	rng := rand.New(rand.NewPCG(uint64(key), uint64(version)))
	size := workload.LogUniform(rng, v.smallest, v.largest)
	at := rng.IntN(len(v.text) - size + 1)
	return v.text[at : at+size]
}

// Run floods until ctx ends, which is no error. The first wrong answer ends it
// with one; MEM and missing keys are counted.
func Run(ctx context.Context, cfg Config, counts *Counts) error {
	if cfg.Conns < 1 || cfg.Keys < 1 || cfg.Smallest < 1 || cfg.Largest < cfg.Smallest {
		return fmt.Errorf("flood: bad configuration %+v", cfg)
	}
	vals := newValues(cfg)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, cfg.Conns)
	var wg sync.WaitGroup
	for i := range cfg.Conns {
		wg.Go(func() {
			if errs[i] = one(ctx, cfg, vals, counts, uint64(i)); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// one is one connection.
func one(ctx context.Context, cfg Config, vals values, counts *Counts, seed uint64) error {
	c, err := call.Dial(cfg.Address, proto.Gibson{})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	rng, family := rand.New(rand.NewPCG(seed, 2)), workload.Users()
	var request, key []byte
	for ctx.Err() == nil {
		i := rng.Uint32N(cfg.Keys)
		key = family.Append(key[:0], i)
		if rng.Float64() < cfg.Reads {
			a, err := c.Do(proto.Gibson{}.AppendGet(request[:0], key))
			if err != nil {
				return err
			}
			if err := judgeGet(a, vals, i, counts); err != nil {
				return fmt.Errorf("get %s: %w", key, err)
			}
			continue
		}
		value := vals.of(i, rng.IntN(versions))
		ttl := 0
		if rng.Float64() < cfg.Lives {
			ttl = 1 + rng.IntN(mostSeconds)
		}
		request = proto.Gibson{}.AppendSet(request[:0], key, value, ttl)
		a, err := c.Do(request)
		if err != nil {
			return err
		}
		if err := judgeSet(a, value, counts); err != nil {
			return fmt.Errorf("set %s to %d bytes: %w", key, len(value), err)
		}
	}
	return nil
}

func judgeGet(a call.Answer, vals values, key uint32, counts *Counts) error {
	switch a.Kind {
	case proto.Missing:
		counts.Missing.Add(1)
		return nil
	case proto.Value:
		got := a.Bytes[a.Data : a.Data+a.Size]
		for v := range versions {
			if bytes.Equal(got, vals.of(key, v)) {
				counts.Hits.Add(1)
				return nil
			}
		}
		return fmt.Errorf("%d bytes that were never stored", a.Size)
	}
	return fmt.Errorf("answered with %s %d", a.Kind, a.Size)
}

func judgeSet(a call.Answer, value []byte, counts *Counts) error {
	switch {
	case a.Kind == proto.Refused && a.Size == proto.GibsonMem:
		counts.Full.Add(1)
		return nil
	case a.Kind == proto.Value && bytes.Equal(a.Bytes[a.Data:a.Data+a.Size], value):
		counts.Stored.Add(1)
		counts.Bytes.Add(int64(len(value)))
		return nil
	}
	return fmt.Errorf("answered with %s %d", a.Kind, a.Size)
}
