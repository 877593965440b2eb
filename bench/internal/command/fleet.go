package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/gogibson/gibson/bench/internal/load"
	"github.com/gogibson/gibson/bench/internal/peer"
	"github.com/gogibson/gibson/bench/internal/proc"
	"github.com/gogibson/gibson/bench/internal/proto"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// fleet is the servers of one measurement, all running at the same time: an
// idle one takes nothing from the one that is measured.
type fleet struct {
	want   string // names, comma separated
	gibson string // command of our server, empty to build it

	members []*member
	dir     string // for what is built
}

type member struct {
	peer.Peer
	server *proc.Server
}

// register adds the flags that choose the servers.
func (f *fleet) register(fs *flag.FlagSet, names string) {
	fs.StringVar(&f.want, "servers", names, "`names` of the servers to measure: gibson, redis, memcached (text protocol), memcached-meta, memcached-binary")
	fs.StringVar(&f.gibson, "gibson", "", "`command` of our server, with {socket} for its socket; default: build and run the tree's")
}

// start starts the servers that are wanted and installed, ours with the given
// flags. The caller must stop the fleet, also after an error.
func (f *fleet) start(ctx context.Context, e *env, gibsonFlags ...string) error {
	dir, err := os.MkdirTemp("", "bench-build-")
	if err != nil {
		return err
	}
	f.dir = dir
	for name := range strings.SplitSeq(f.want, ",") {
		var p peer.Peer
		var err error
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "gibson":
			p, err = peer.Gibson(ctx, dir, f.gibson, gibsonFlags...)
		case "redis":
			p, err = peer.Redis(ctx)
		case "memcached":
			p, err = peer.Memcached(ctx, proto.MemcacheText{})
		case "memcached-meta":
			p, err = peer.Memcached(ctx, proto.MemcacheMeta{})
			p.Name = name
		case "memcached-binary":
			p, err = peer.Memcached(ctx, proto.MemcacheBinary{})
			p.Name = name
		default:
			return fmt.Errorf("unknown server %q; -h lists them", name)
		}
		if errors.Is(err, peer.ErrNotInstalled) {
			e.note("skipped: %v", err)
			e.progress("skipped: %v", err)
			continue
		}
		if err != nil {
			return err
		}
		s, err := p.Start(ctx)
		if err != nil {
			return err
		}
		f.members = append(f.members, &member{Peer: p, server: s})
		e.progress("started %s", p)
	}
	if len(f.members) == 0 {
		return errors.New("no server to measure")
	}
	return nil
}

// stop stops all servers.
func (f *fleet) stop() error {
	var errs []error
	for _, m := range f.members {
		errs = append(errs, m.server.Stop())
	}
	if f.dir != "" {
		errs = append(errs, os.RemoveAll(f.dir))
	}
	return errors.Join(errs...)
}

// versions names the peers with their versions, for the notes.
func (f *fleet) versions() string {
	var names []string
	for _, m := range f.members {
		if m.Version != "" {
			names = append(names, fmt.Sprintf("%s (%s)", m.Peer, m.Protocol.Name()))
		}
	}
	return strings.Join(names, ", ")
}

// config returns the load of a run against this member.
func (m *member) config(conns, depth, valueSize int) load.Config {
	return load.Config{
		Protocol: m.Protocol, Network: "unix", Address: m.server.Address,
		Conns: conns, Depth: depth, Family: workload.Users(), ValueSize: valueSize,
	}
}

// fill stores n items of a family in random order.
func (m *member) fill(ctx context.Context, family workload.Family, n, valueSize int) error {
	cfg := m.config(1, 50, valueSize)
	cfg.Family, cfg.Writes, cfg.Requests = family, 1, int64(n)
	cfg.Choice = workload.NewShuffle(uint32(n), 1)
	for n%cfg.Depth != 0 {
		cfg.Depth-- // whole batches only, or an item would be stored twice
	}
	if _, err := load.Run(ctx, cfg); err != nil {
		return fmt.Errorf("fill %s: %w", m.Name, errors.Join(err, m.server.Err()))
	}
	return nil
}
