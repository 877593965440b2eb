package cli

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/server"
)

// daemon is a server that runs.
type daemon struct {
	sources *sources
	config  *config.Config // what is in effect
	out     *logOutput
	level   *slog.LevelVar
	log     *slog.Logger
	cache   *cache.Cache
	server  *server.Server
	tls     []*tlsListener

	autoMemory bool // max_memory was auto at the start
	runtime    runtimeLimit

	keeper  *keeper
	salvage bool // load what is whole of a damaged snapshot

	args   []string       // the command line
	before *predecessor   // nil unless this process takes over from another
	next   *successor     // nil unless another takes over from this one
	handed bool           // it did
	asked  chan os.Signal // somebody wants that
	admin  *socket        // of the admin endpoint, nil if there is none
	// What the admin endpoint asks for while the configuration may change.
	serving    atomic.Bool // clients are served, and the end has not begun
	maxClients atomic.Int64
	expires    atomic.Int64 // Unix time of the end of the first certificate; 0 without TLS
}

// serve runs a server as c says until ctx ends or a listener fails. back is
// nil in the foreground.
func (s *start) serve(ctx context.Context, c *config.Config, back *background) (err error) {
	out, err := newLogOutput(c.LogFile, c.LogFlushRate, s.stdout, s.stderr)
	if err != nil {
		return serverError(err)
	}
	defer func() {
		if e := out.close(); e != nil {
			err = errors.Join(err, serverError(e))
		}
	}()
	level := new(slog.LevelVar)
	level.Set(c.LogLevel)
	d := &daemon{sources: &s.sources, config: c, salvage: s.salvage, args: s.args, before: s.before, out: out, level: level, log: newLogger(out, c.LogFormat, level)}
	if err := d.start(ctx, s.dropIn, back); err != nil {
		// Where the log is, is where an operator looks who did not see the
		// command end.
		if c.LogFile != "" {
			d.log.Log(ctx, config.LevelCritical, "not started", "err", err)
		}
		return err
	}
	if !d.handed { // else the log is the successor's
		d.log.Info("stopped")
	}
	return nil
}

// start makes everything that a server needs, runs it, and undoes it all.
func (d *daemon) start(ctx context.Context, dropIn bool, back *background) (err error) {
	d.log.Info("starting", "version", version(), "pid", os.Getpid())
	d.warn(dropIn)
	d.runtime.most = debug.SetMemoryLimit(-1)
	d.cache, err = openCache(d.config, &d.runtime)
	if err != nil {
		return &failure{status: statusUsage, err: err, explained: true}
	}
	// The cache goes last: until the server is closed, sessions may use it.
	defer func() {
		if e := d.cache.Close(); e != nil {
			err = errors.Join(err, serverError(e))
		}
	}()
	d.autoMemory = d.config.MaxMemory == 0
	d.keeper = newKeeper(d.config, d.cache, d.log, func() { d.notify(moreTime) })
	defer d.keeper.close()
	defer d.before.close()
	d.newServer()
	stopAdmin, err := d.startAdmin(ctx)
	if err != nil {
		return serverError(err)
	}
	defer func() { stopAdmin() }()

	// From here on a SIGHUP is no reason to end.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	d.asked = make(chan os.Signal, 1)
	notifyHandOver(d.asked)
	defer signal.Stop(d.asked)

	listeners, err := open(ctx, d.config, d.log, d.before)
	if err != nil {
		return serverError(err)
	}
	if d.tls = tlsAmong(listeners); len(d.tls) > 0 {
		files, err := tlsConfig(d.config, d.tls[0].spec)
		if err != nil {
			return serverError(closeAll(err, listeners))
		}
		d.logCertificates(d.config, files)
	}
	if d.config.PIDFile != "" {
		remove, err := writePID(d.config.PIDFile)
		if err != nil {
			return serverError(closeAll(err, listeners))
		}
		defer func() {
			if e := remove(); e != nil {
				d.log.Warn("the pidfile stays", "err", e)
			}
		}()
	}
	// The sockets are this server's, so the snapshot is as well. Clients wait
	// in their queues.
	if d.before == nil {
		err = d.keeper.load(d.salvage)
	} else {
		err = d.takeOver(listeners)
	}
	if err != nil {
		return serverError(closeAll(err, listeners))
	}
	if back != nil {
		if err := back.settle(); err != nil {
			return serverError(closeAll(err, listeners))
		}
	}
	defer d.startWatchdog()()
	tick := time.NewTicker(statusInterval)
	defer tick.Stop()
	for {
		d.keeper.start(d.config.SnapshotInterval)
		err = d.run(ctx, listeners, hup, tick.C)
		if d.next == nil {
			break
		}
		if d.handOver(ctx, err) {
			return nil
		}
		stopAdmin()
		if stopAdmin, err = d.resume(ctx, listeners); err != nil {
			return serverError(closeAll(err, listeners))
		}
	}
	if err := errors.Join(err, d.keeper.finish()); err != nil {
		return serverError(err)
	}
	return nil
}

// limitClients returns how many clients may be served.
func (d *daemon) limitClients() int {
	n := clientsWithin(d.config.MaxClients, d.log, fileLimit)
	d.maxClients.Store(int64(n))
	return n
}

// closeAll closes listeners after err.
func closeAll(err error, listeners []net.Listener) error {
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

// run serves on all listeners until ctx ends or one of them fails. It closes
// them all and returns when no connection is left.
func (d *daemon) run(ctx context.Context, listeners []net.Listener, hup <-chan os.Signal, tick <-chan time.Time) error {
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { ended <- d.server.Serve(l) }()
		d.log.Info("listening", "network", networkOf(l), "addr", l.Addr().String())
	}
	running := len(listeners)
	d.serving.Store(true)
	d.notify(systemd.SdNotifyReady)
	var err error
	for err == nil && ctx.Err() == nil && d.next == nil {
		select {
		case <-ctx.Done():
			d.log.Info("stopping", "cause", context.Cause(ctx))
		case err = <-ended: // never nil
			running--
		case <-hup:
			d.notifyReloading()
			d.reload()
			d.notify(systemd.SdNotifyReady)
		case <-tick:
			d.logStatus(ctx)
		case <-d.asked:
			d.callSuccessor(ctx, listeners)
		}
	}
	d.serving.Store(false)
	if d.next == nil {
		d.notify(systemd.SdNotifyStopping)
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.config.ShutdownTimeout)
	defer cancel()
	if drainErr := d.server.Shutdown(drain); drainErr != nil {
		d.log.Warn("cutting connections", "err", drainErr)
		err = errors.Join(err, d.server.Close())
	}
	for range running {
		if e := <-ended; !errors.Is(e, server.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// warn logs what the configuration allows and may surprise.
func (d *daemon) warn(dropIn bool) {
	c := d.config
	for _, w := range c.Warnings() {
		d.log.Warn(w)
	}
	unix, _ := c.Listeners()
	if dropIn && unix && c.Source("unix_socket_mode").Kind == config.Default {
		d.log.Warn("only the server's own user may connect to the unix socket; for every user, as the original has it, write unix_socket_mode 0777")
	}
	for _, address := range c.Public() {
		d.log.Warn("everyone who can reach the address may read and change everything", "address", address, "allow_unauthenticated", "yes")
	}
}

// logStatus logs the figures that the original logs, under its names.
func (d *daemon) logStatus(ctx context.Context) {
	if !d.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	st, err := d.cache.Stats()
	if err != nil {
		return // closed: there is nothing to tell
	}
	d.log.Info("status", "MEM", config.FormatSize(st.MemoryUsed), "MAX_MEM", config.FormatSize(st.MemoryUsable),
		"CLIENTS", d.server.Stats().Clients, "OBJECTS", st.Items)
}
