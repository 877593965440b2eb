package library

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/bench/internal/peer"
	"github.com/gogibson/gibson/bench/internal/proto"
	"github.com/gogibson/gibson/bench/internal/workload"
)

func TestLibrariesGet(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	for _, kind := range Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			var p peer.Peer
			var err error
			switch kind.Server {
			case "Gibson":
				p, err = peer.Gibson(t.Context(), t.TempDir(), "")
			case "Redis":
				p, err = peer.Redis(t.Context())
			case "memcached":
				p, err = peer.Memcached(t.Context(), proto.MemcacheText{})
			}
			if errors.Is(err, peer.ErrNotInstalled) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			s, err := p.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Stop() }()
			const keys = 1000
			if _, err := load.Run(t.Context(), load.Config{
				Protocol: p.Protocol, Network: "unix", Address: s.Address, Conns: 1, Depth: 10, Writes: 1,
				Family: workload.Users(), Choice: workload.NewSequence(keys), ValueSize: 100, Requests: keys,
			}); err != nil {
				t.Fatal(err)
			}
			c, err := kind.New(t.Context(), s.Address, 8)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}()
			f, err := NewMeasurer(keys).Run(t.Context(), c, Load{Goroutines: 8, Keys: keys, ValueSize: 100, Duration: 50 * time.Millisecond})
			if err != nil || f.PerSecond <= 0 {
				t.Errorf("figures %+v, %v", f, err)
			}
		})
	}
}

// wrong is a client whose every value is that of key 1.
type wrong struct{}

func (wrong) Getter() Get {
	v := workload.AppendValue(nil, 1, 100)
	return func(context.Context, string) ([]byte, error) { return v, nil }
}

func (wrong) Close() error { return nil }

func TestRunRefusesWrongValues(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	l := Load{Goroutines: 2, Keys: 100, ValueSize: 100, Duration: time.Minute}
	if f, err := NewMeasurer(100).Run(t.Context(), wrong{}, l); err == nil {
		t.Errorf("figures %+v from wrong values, want an error", f)
	}
}
