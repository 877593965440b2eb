package peer

import (
	"context"
	"errors"
	"testing"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/bench/internal/proto"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// exchange starts a peer, stores a hundred items and reads them back.
func exchange(t *testing.T, p Peer, err error) {
	t.Helper()
	if errors.Is(err, ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	for _, writes := range []float64{1, 0, 0.5} {
		for _, depth := range []int{1, 10} {
			res, err := load.Run(t.Context(), load.Config{
				Protocol: p.Protocol, Network: "unix", Address: s.Address, Conns: 2, Depth: depth,
				Family: workload.Users(), Choice: workload.NewSequence(100), ValueSize: 100,
				Writes: writes, TTLs: []int{1000}, Requests: 200,
			})
			if err != nil || res.Requests != 200 {
				t.Errorf("writes %v, depth %d: %d requests, %v", writes, depth, res.Requests, err)
			}
		}
	}
}

func TestRedis(t *testing.T) {
	p, err := Redis(t.Context())
	exchange(t, p, err)
}

func TestMemcached(t *testing.T) {
	for _, protocol := range []proto.Protocol{proto.MemcacheMeta{}, proto.MemcacheText{}, proto.MemcacheBinary{}} {
		t.Run(protocol.Name(), func(t *testing.T) {
			p, err := Memcached(t.Context(), protocol)
			exchange(t, p, err)
		})
	}
}

func TestNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for name, start := range map[string]func(context.Context) (Peer, error){
		"redis": Redis, "memcached": func(ctx context.Context) (Peer, error) { return Memcached(ctx, proto.MemcacheMeta{}) },
	} {
		if _, err := start(t.Context()); !errors.Is(err, ErrNotInstalled) {
			t.Errorf("%s: error %v, want %v", name, err, ErrNotInstalled)
		}
	}
}

func TestGibson(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the server")
	}
	p, err := Gibson(t.Context(), t.TempDir(), "")
	exchange(t, p, err)
}
