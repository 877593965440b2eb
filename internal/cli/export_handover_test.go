//go:build unix

package cli

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/server"
)

// Daemon is a server whose parts are the test's.
type Daemon struct{ d *daemon }

// NewDaemon makes one that logs to log.
func NewDaemon(c *config.Config, items *cache.Cache, log *slog.Logger) Daemon {
	d := &daemon{sources: &sources{}, config: c, cache: items, log: log, server: &server.Server{Cache: items}}
	d.keeper = newKeeper(c, items, log, func() {})
	return Daemon{d}
}

// Close lets go of the signals.
func (d Daemon) Close() { d.d.keeper.close() }

// Run is run.
func (d Daemon) Run(ctx context.Context, listeners ...net.Listener) error {
	return d.d.run(ctx, listeners, nil, nil)
}

// CallSuccessor is callSuccessor, and reports whether one was started.
func (d Daemon) CallSuccessor(ctx context.Context, listeners ...net.Listener) bool {
	d.d.callSuccessor(ctx, listeners)
	return d.d.next != nil
}

// Resume is resume.
func (d Daemon) Resume(ctx context.Context, listeners ...net.Listener) error {
	stop, err := d.d.resume(ctx, listeners)
	stop()
	return err
}

// Figures returns what the admin endpoint shows.
func (d Daemon) Figures() error {
	_, err := (&adminTarget{d.d, time.Now()}).Figures()
	return err
}

// Status logs the figures.
func (d Daemon) Status(ctx context.Context) { d.d.logStatus(ctx) }

// Notify is notify.
func (d Daemon) Notify(state string) { d.d.notify(state) }

// Watch is watch.
func (d Daemon) Watch(tick <-chan time.Time, done <-chan struct{}) { d.d.watch(tick, done) }

// TakeOver is takeOver, from a predecessor that is control and has handed over
// these files.
func (d Daemon) TakeOver(control net.Conn, files map[string]*os.File) error {
	d.d.before = &predecessor{control, files}
	return d.d.takeOver(nil)
}

// Inherit returns the listener for a socket that was handed over for that key.
func Inherit(f *os.File, network, address string) (net.Listener, error) {
	key := network + " " + address
	p := &predecessor{files: map[string]*os.File{key: f}}
	if network == "unix" {
		return p.unix(key, address, fs.FileMode(0o600))
	}
	return p.tcp(key, &config.Config{})
}

// Socket is a listener that can be handed over, if what it is made of can be.
func Socket(l net.Listener, key string) net.Listener { return &socket{Listener: l, key: key} }

// Keep has listeners stay open when they are closed.
func Keep(listeners ...net.Listener) { keep(listeners, true) }

// The messages of a hand-over.
const (
	SaysReady  = saysReady
	SaysLoaded = saysLoaded
)

// Say and Hear are say and hear.
func Say(c net.Conn, text string) error  { return say(c, text) }
func Hear(c net.Conn, want string) error { return hear(c, want) }

// Patient is the connection over which items are handed over.
func Patient(c net.Conn) net.Conn { return patient{c} }

// SetArgs sets the command line of the successor.
func (d Daemon) SetArgs(args ...string) { d.d.args = args }
