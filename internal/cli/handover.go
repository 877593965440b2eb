package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/internal/snapshot"
)

// How a server hands over to another process, its successor, at SIGUSR2:
//
//	server                                     successor
//	starts the program again, with its
//	sockets and one end of a socket pair
//	                                           reads its configuration, makes
//	                                           listeners of the sockets
//	                                        <- "ready"
//	stops accepting: who connects waits in
//	the sockets' queues. Answers what it has
//	read and closes all connections
//	sends its items, as in a snapshot       ->
//	                                        <- "loaded", and begins to serve
//	exits
//
// If the successor ends or says nothing for handOverTime, it is killed, and the
// server goes on with the sockets and the items, which it still has.
const (
	saysReady  = "ready\n"
	saysLoaded = "loaded\n"

	// handOverTime is how long one of them waits for a sign of the other.
	handOverTime = time.Minute
)

// socket is a listener that can be handed over.
type socket struct {
	net.Listener
	// key is what the socket is for, as the configuration says it. A successor
	// whose configuration says the same gets it.
	key  string
	kept atomic.Bool // Close only ends Accept
}

// Close closes the listener, or ends Accept if the socket is to be kept.
func (s *socket) Close() error {
	if !s.kept.Load() {
		return s.Listener.Close()
	}
	return s.setDeadline(time.Unix(1, 0))
}

func (s *socket) setDeadline(t time.Time) error {
	l, ok := s.Listener.(interface{ SetDeadline(time.Time) error })
	if !ok {
		return fmt.Errorf("%T: %w", s.Listener, errors.ErrUnsupported)
	}
	return l.SetDeadline(t)
}

// socketsOf returns the sockets below listeners.
func socketsOf(listeners []net.Listener) (all []*socket) {
	for _, l := range listeners {
		if t, ok := l.(*tlsListener); ok {
			l = t.socket
		}
		if s, ok := l.(*socket); ok {
			all = append(all, s)
		}
	}
	return all
}

// keep says whether closing listeners is to leave their sockets as they are.
func keep(listeners []net.Listener, kept bool) {
	for _, s := range socketsOf(listeners) {
		s.kept.Store(kept)
	}
}

// Keys of sockets are the network, a blank and the address.
const passedKey = "passed "

// predecessor is the server that this process takes over from, nil if there is
// none.
type predecessor struct {
	control net.Conn
	files   map[string]*os.File // sockets by key
}

// listener returns a listener of the socket with that key, nil if there is
// none.
func (p *predecessor) listener(key string) (net.Listener, error) {
	if p == nil || p.files[key] == nil {
		return nil, nil
	}
	f := p.files[key]
	delete(p.files, key)
	l, err := net.FileListener(f)
	return l, errors.Join(err, f.Close())
}

// unix is listener for a unix socket, which the listener removes when it is
// closed.
func (p *predecessor) unix(key, path string, mode fs.FileMode) (net.Listener, error) {
	l, err := p.listener(key)
	if l == nil || err != nil {
		return nil, err
	}
	u, ok := l.(*net.UnixListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the socket handed over for %s is of %s", key, l.Addr().Network()), l.Close())
	}
	err = os.Chmod(path, mode)
	id, statErr := os.Lstat(path)
	if err := errors.Join(err, statErr); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return inherited(&unixOwner{u, path, id}, key), nil
}

// tcp is listener for TCP.
func (p *predecessor) tcp(key string, c *config.Config) (net.Listener, error) {
	l, err := p.listener(key)
	if l == nil || err != nil {
		return nil, err
	}
	t, ok := l.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the socket handed over for %s is of %s", key, l.Addr().Network()), l.Close())
	}
	return inherited(keepAliveListener{t, keepAlive(c)}, key), nil
}

// inherited returns a socket that is the predecessor's until it has handed
// over everything.
func inherited(l net.Listener, key string) *socket {
	s := &socket{Listener: l, key: key}
	s.kept.Store(true)
	return s
}

// drop closes the sockets that the configuration has no more.
func (p *predecessor) drop() {
	for _, f := range p.files {
		_ = f.Close() // the predecessor has its own
	}
	clear(p.files)
}

// close ends the connection with the predecessor.
func (p *predecessor) close() {
	if p != nil {
		p.drop()
		_ = p.control.Close() // what had to be said was said
	}
}

// say sends a message to the other side.
func say(control net.Conn, text string) error {
	if err := control.SetWriteDeadline(time.Now().Add(handOverTime)); err != nil {
		return err
	}
	_, err := io.WriteString(control, text)
	return err
}

// hear waits for a message of the other side.
func hear(control net.Conn, want string) error {
	if err := control.SetReadDeadline(time.Now().Add(handOverTime)); err != nil {
		return err
	}
	got := make([]byte, len(want))
	if n, err := io.ReadFull(control, got); err != nil {
		return fmt.Errorf("waiting for %q, got %q: %w", want, got[:n], err)
	}
	if string(got) != want {
		return fmt.Errorf("got %q, want %q", got, want)
	}
	return nil
}

// patient is a connection on which each read and write may take handOverTime.
type patient struct{ net.Conn }

// Read reads.
func (p patient) Read(b []byte) (int, error) {
	if err := p.SetReadDeadline(time.Now().Add(handOverTime)); err != nil {
		return 0, err
	}
	return p.Conn.Read(b)
}

// Write writes.
func (p patient) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(handOverTime)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// receive fills the cache with the predecessor's items. Afterwards it serves no
// more: this process does.
func (k *keeper) receive(p *predecessor) error {
	if err := say(p.control, saysReady); err != nil {
		return fmt.Errorf("hand-over: %w", err)
	}
	begun := time.Now()
	l := loader{keeper: k, progress: k.progress("items being taken over", 0)}
	// Its first byte comes when all clients have their answers.
	r, err := snapshot.NewReader(patient{p.control})
	if err != nil {
		return fmt.Errorf("hand-over: %w", err)
	}
	defer r.Close()
	for {
		records, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = l.take(records)
		}
		if err != nil {
			return fmt.Errorf("hand-over: %w", err)
		}
	}
	l.report("items taken over", r.Totals(), begun)
	if err := say(p.control, saysLoaded); err != nil {
		return fmt.Errorf("hand-over: %w", err)
	}
	return nil
}

// unixOwner is a listener on a unix socket that another process made, and
// removes it when it is closed.
type unixOwner struct {
	*net.UnixListener
	path string
	id   fs.FileInfo // tells this socket from others of the same name
}

// Close removes the socket and stops accepting.
func (l *unixOwner) Close() error {
	if info, err := os.Lstat(l.path); err == nil && os.SameFile(info, l.id) {
		_ = os.Remove(l.path) // it may be gone by now
	}
	return l.UnixListener.Close()
}

// passed returns the sockets that a service manager had opened for the first of
// all predecessors.
func (p *predecessor) passed() (files []*os.File) {
	if p == nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(p.files)) {
		if strings.HasPrefix(key, passedKey) {
			files = append(files, p.files[key])
			delete(p.files, key)
		}
	}
	return files
}

// listenAdmin listens for the admin endpoint.
func (d *daemon) listenAdmin(ctx context.Context) (net.Listener, error) {
	key := "admin " + d.config.Admin
	l, err := d.before.listener(key)
	if l == nil && err == nil {
		l, err = new(net.ListenConfig).Listen(ctx, "tcp", d.config.Admin)
	}
	if err != nil {
		return nil, err
	}
	d.admin = &socket{Listener: l, key: key}
	return d.admin, nil
}

// takeOver gets the predecessor's items, after which this process serves.
func (d *daemon) takeOver(listeners []net.Listener) error {
	d.before.drop()
	if d.config.Daemonize {
		if err := os.Chdir("/"); err != nil {
			return err
		}
	}
	if err := d.keeper.receive(d.before); err != nil {
		return err
	}
	keep(listeners, false)
	return nil
}

// callSuccessor starts the process that is to take over. If that fails,
// everything goes on.
func (d *daemon) callSuccessor(ctx context.Context, listeners []net.Listener) {
	sockets := socketsOf(listeners)
	if len(sockets) < len(listeners) {
		d.log.Error("no hand-over: there are listeners that cannot be handed over")
		return
	}
	if d.admin != nil {
		sockets = append(sockets, d.admin)
	}
	d.log.Info("starting the process that is to take over")
	next, err := d.spawn(ctx, sockets)
	if err != nil {
		d.log.Error("no hand-over, this process goes on: the other one did not start", "err", err)
		return
	}
	keep(listeners, true)
	d.next = next
}

// handOver hands everything over to the successor once all clients have been
// answered; err is what went wrong with that. It reports whether the successor
// serves now.
func (d *daemon) handOver(ctx context.Context, err error) bool {
	d.keeper.halt()
	if err != nil {
		d.log.Error("stopping for the hand-over", "err", err)
	}
	next := d.next
	d.next = nil
	if err := d.give(ctx, next); err != nil {
		d.log.Error("the hand-over failed, this process goes on", "err", err)
		return false
	}
	d.handed = true
	return true
}

// resume makes ready to serve again, after a hand-over that failed.
func (d *daemon) resume(ctx context.Context, listeners []net.Listener) (stopAdmin func(), err error) {
	keep(listeners, false)
	for _, s := range socketsOf(listeners) {
		if err := s.setDeadline(time.Time{}); err != nil {
			return func() {}, err
		}
	}
	if d.config.PIDFile != "" { // the successor may have written it
		if _, err := writePID(d.config.PIDFile); err != nil {
			d.log.Warn("the pidfile is not this process's", "err", err)
		}
	}
	d.newServer()
	return d.startAdmin(ctx)
}

// newServer makes the server, which is used once.
func (d *daemon) newServer() {
	s := newServer(d.config)
	s.Cache = d.cache
	s.Logger = d.log
	s.MaxClients = d.limitClients()
	d.server = s
}
