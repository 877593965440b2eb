package cli

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/server"
)

// drainTime is how long a server that was told to stop waits for clients that
// do not take their replies.
const drainTime = 10 * time.Second

const serveLong = `Serve a cache to Gibson clients until SIGINT or SIGTERM, then answer what was
sent, remove the socket and end.

Without --unix-socket, --address and --port the server listens on the socket
/tmp/gibson.sock, which only its owner may use, and on 127.0.0.1:10128. If one
of them is named, it listens there and nowhere else.

A size is a number with B, K, M or G, a duration one with s, m, h or d; without
a letter they are bytes and seconds. What happens is logged to standard error.`

const serveExample = `  gibson serve
  gibson serve --unix-socket /run/gibson.sock --max-memory 4G
  gibson serve --address 0.0.0.0 --port 10128 --max-clients 10000`

// serve is one run of the command of that name.
type serve struct {
	*app
	listen listenAt
	cache  cache.Options
	server server.Server
}

func newServe(a *app) *cobra.Command {
	s := &serve{app: a}
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Run a server",
		Long:    serveLong,
		Example: serveExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s.listen.see(cmd)
			return s.run(cmd.Context())
		},
	}
	cmd.Flags().SortFlags = false
	s.listen.register(cmd)
	s.registerLimits(cmd)
	return cmd
}

// registerLimits adds the flags that fill the options of cache and server.
// They have the names of the original's directives.
func (s *serve) registerLimits(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(sizeFlag[int64]{&s.cache.MaxMemory}, "max-memory", "memory `size` for items (default 1G, at most half of the machine's)")
	flags.Var((*evictionFlag)(&s.cache.Eviction), "eviction", "what to do when it is full: gc_ratio or none")
	flags.Var(durationFlag{&s.cache.GCRatio}, "gc-ratio", "gc_ratio removes items unused for this `duration` (default 15m)")
	flags.Var(durationFlag{&s.cache.GCInterval}, "max-mem-cron", "`duration` between two looks of gc_ratio (default 15s)")
	flags.Var(durationFlag{&s.cache.MaxItemTTL}, "max-item-ttl", "longest life of an item, a `duration` (default 30d)")
	flags.Var(sizeFlag[int]{&s.cache.MaxKeySize}, "max-key-size", "longest key, a `size` (default 1K)")
	flags.Var(sizeFlag[int]{&s.cache.MaxValueSize}, "max-value-size", "longest value, a `size` (default 2096127)")
	flags.Var(offSize{sizeFlag[int]{&s.cache.Compression}}, "compression", "compress values above this `size`, or off (default 4K)")
	flags.Var(sizeFlag[int]{&s.server.MaxRequestSize}, "max-request-size", "longest request, a `size` (default 2M)")
	flags.Var(sizeFlag[int]{&s.server.MaxResponseSize}, "max-response-size", "longest list of keys or items, a `size` (default 64M)")
	flags.Var(countFlag{&s.server.MaxClients}, "max-clients", "connections at once, a `number` (default 1024)")
}

// run serves until ctx ends or a listener fails.
func (s *serve) run(ctx context.Context) error {
	log := slog.New(slog.NewTextHandler(s.stderr, nil))
	c, err := cache.New(&s.cache)
	if err != nil {
		return usageError("%w", err)
	}
	listeners, err := s.listen.open(log)
	if err != nil {
		return serverError(errors.Join(err, c.Close()))
	}
	s.server.Cache = c
	s.server.Logger = log
	s.server.Version = version()
	err = s.serve(ctx, log, listeners)
	// The cache goes last: until the server is closed, sessions may use it.
	if err = errors.Join(err, c.Close()); err != nil {
		return serverError(err)
	}
	log.Info("stopped")
	return nil
}

// serve runs the server on all listeners until ctx ends or one of them fails.
// It closes them all and returns when no connection is left.
func (s *serve) serve(ctx context.Context, log *slog.Logger, listeners []net.Listener) error {
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { ended <- s.server.Serve(l) }()
		log.Info("listening", "network", l.Addr().Network(), "addr", l.Addr().String())
	}
	running := len(listeners)
	var err error
	select {
	case <-ctx.Done():
		log.Info("stopping", "cause", context.Cause(ctx))
	case err = <-ended:
		running--
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if drainErr := s.server.Shutdown(drain); drainErr != nil {
		log.Warn("cutting connections", "err", drainErr)
		err = errors.Join(err, s.server.Close())
	}
	for range running {
		if e := <-ended; !errors.Is(e, server.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}
