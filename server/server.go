package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gogibson/gibson/cache"
)

var (
	// ErrServerClosed is returned by Serve and ServeConn after Shutdown or
	// Close.
	ErrServerClosed = errors.New("gibson: server: closed")
	// ErrTooManyClients is returned by ServeConn for a connection that it
	// closed because MaxClients others are open.
	ErrTooManyClients = errors.New("gibson: server: too many clients")
	// ErrTooManyFromAddress is returned by ServeConn for a connection that it
	// closed because MaxClientsPerAddress others from its address are open.
	ErrTooManyFromAddress = errors.New("gibson: server: too many clients from one address")
)

// Server serves one cache. Set the fields you need, then call Serve with each
// listener; fields must not change after the first call. A Server cannot be
// used again after Shutdown or Close. All methods are safe for concurrent use.
//
// A limit that is negative, or too large for the protocol, is an error of
// Serve. The limits of keys and values are those of Cache.
type Server struct {
	// Cache is what is served. It is required, and stays open when the Server
	// is closed: close it afterwards.
	Cache *cache.Cache

	// MaxClients bounds the open connections. One more is accepted and closed
	// at once. If zero, DefaultMaxClients is used.
	MaxClients int

	// MaxRequestSize bounds a request's length field, in bytes. If zero,
	// DefaultMaxRequestSize is used.
	MaxRequestSize int

	// MaxResponseSize bounds the data of a reply of pairs, in bytes. MGET,
	// KEYS or STATS whose reply would be larger is answered with ERR. Values
	// are bounded by the cache instead. If zero, DefaultMaxResponseSize is
	// used.
	MaxResponseSize int

	// MaxClientsPerAddress bounds the open connections from one IP address; it
	// does not count those of unix sockets. One more is accepted and closed at
	// once. If zero, there is no bound but MaxClients.
	MaxClientsPerAddress int

	// MaxOutputMemory bounds the bytes of replies, of all clients together,
	// that are held until a client takes them. A reply that does not fit is
	// ERR, and the connection goes on; a SET with such a reply has no effect.
	// Buffers up to 64 KiB are not counted, for there is at most one for each
	// client. If zero, it is a tenth of Cache's MaxMemory, at least 16 MiB.
	MaxOutputMemory int64

	// MaxBatchRequests bounds the requests, of one client or of several, that
	// are executed under one acquisition of the cache's lock. If zero,
	// DefaultMaxBatchRequests is used.
	MaxBatchRequests int

	// MaxBatchBytes bounds the bytes of replies after which a batch ends. The
	// last reply may pass it. If zero, DefaultMaxBatchBytes is used.
	MaxBatchBytes int

	// IdleTimeout bounds the wait for a client's next byte, after which its
	// connection is closed. If zero, there is no bound.
	IdleTimeout time.Duration

	// WriteTimeout bounds the wait for a client to take more of its replies,
	// after which its connection is closed. If zero, there is no bound: a
	// client that does not read keeps its connection, and the memory of its
	// replies. Over TLS it bounds the write of every 64 KiB.
	WriteTimeout time.Duration

	// HandshakeTimeout bounds the handshake of a connection that is a
	// *tls.Conn. If zero, DefaultHandshakeTimeout is used.
	HandshakeTimeout time.Duration

	// Loops is how many event loops serve plain unix and TCP connections on
	// Linux (see the package documentation, "Two transports"). If zero, it is
	// one for each processor but one, and at least one. If negative, each
	// connection has a goroutine.
	Loops int

	// BusyPoll bounds how long an event loop that has nothing to do looks for the
	// next request before it sleeps. It looks only while requests, of all its
	// clients together, come in less than half of this on the average, where a
	// longer wait counts as this, and one loop of a Server does at a time: what it
	// takes is at most one processor. A few clients that wait for each reply get
	// many more of them. If zero, it is DefaultBusyPoll, but nothing where a quota
	// of the control group leaves the process less than two processors; if
	// negative, or if GOMAXPROCS is 1 when the Server is first used, loops sleep
	// at once. It is at most MaxBusyPoll.
	BusyPoll time.Duration

	// OnBatch, if set, is told of every batch of requests once it has been
	// answered. It is called by the goroutine that serves the connection, and
	// others with it in an event loop, which goes on when it returns; it must
	// not keep its argument. With it, the clock is read twice for each batch.
	OnBatch func(*Batch)

	// Logger receives connection failures at Debug, protocol errors and the
	// connections above MaxClients at Warn, panics at Error. If nil, nothing
	// is logged.
	Logger *slog.Logger

	// Version is server_version of STATS. If empty, it is the version of the
	// module that the program was built from.
	Version string

	// BuildTime is server_build_datetime of STATS. If empty, it is the time
	// of the commit that the program was built from, where that is known.
	BuildTime string

	once     sync.Once              // runs setUp
	setUpErr error                  // what setUp returned
	cfg      config                 // the fields above with their defaults
	work     sync.Pool              // of *workspace, for sessions that have something to do
	blocks   blockPool              // buffers above the usual size
	begin    func() (engine, error) // beginBatch; tests put theirs here before the first use

	loops    loops
	output   output
	counters counters
	calls    callCounts

	refusedLog, failedLog sparse // lines about refused certificates, and other handshakes
	crowdLog, acceptLog   sparse // lines about MaxClientsPerAddress, and failed accepts

	idleTimeout  atomic.Int64 // IdleTimeout in nanoseconds, as it is now
	writeTimeout atomic.Int64 // WriteTimeout, likewise

	stopping atomic.Bool    // set before connections are told to stop
	sessions sync.WaitGroup // one for each entry of conns

	mu        sync.Mutex                 // protects the following fields
	listeners map[*net.Listener]struct{} // those that Serve is accepting from
	conns     map[*session]struct{}
	crowd     crowd         // those of conns that come from IP addresses
	lastID    int64         // of the last session
	full      bool          // the last connection was refused; keeps the log short
	stop      chan struct{} // closed by Shutdown and Close; made on first use
	drained   chan struct{} // closed when all sessions have ended; made by Shutdown and Close
}

// Serve accepts connections from l and serves them until Shutdown or Close,
// when it returns ErrServerClosed, or until l fails for good. It never returns
// nil, and closes l in any case. Serve may be called with any number of
// listeners, at the same time too.
//
// Connections of l that are *tls.Conn do their handshake first, in their
// goroutine.
//
// While accepting fails for want of file descriptors or the like, Serve tries
// again after 5 ms, then twice as long each time, up to a second, and logs that
// once a minute.
func (s *Server) Serve(l net.Listener) error {
	defer func() { _ = l.Close() }() // closed twice after Shutdown, which harms nothing
	if err := s.setUpOnce(); err != nil {
		return err
	}
	stop, ok := s.track(&l)
	if !ok {
		return ErrServerClosed
	}
	defer s.untrack(&l)

	var delay time.Duration
	for {
		conn, err := l.Accept()
		if err != nil {
			if s.stopping.Load() {
				return ErrServerClosed
			}
			if !mayRecover(err) {
				return fmt.Errorf("gibson: server: accept on %v: %w", l.Addr(), err)
			}
			delay = nextDelay(delay)
			if more, ok := s.acceptLog.allow(s.cfg.clock.Now()); ok {
				s.cfg.log.Warn("accept failed, trying again until it succeeds", "addr", l.Addr().String(), "err", err, "more_since_last_line", more)
			}
			if !pause(delay, stop) {
				return ErrServerClosed
			}
			continue
		}
		delay = 0
		if sess, err := s.admit(conn, true); err == nil && !sess.seat.join(sess) {
			go sess.run()
		}
	}
}

// ServeConn serves one connection, from wherever it came, in the calling
// goroutine and closes it. It returns nil when the connection has ended in
// whatever way, ErrTooManyClients or ErrServerClosed when it was not served.
func (s *Server) ServeConn(conn net.Conn) error {
	if err := s.setUpOnce(); err != nil {
		_ = conn.Close()
		return err
	}
	sess, err := s.admit(conn, false)
	if err != nil {
		return err
	}
	sess.run()
	return nil
}

// Shutdown stops the server without cutting anyone short: it closes the
// listeners and the connections that have nothing to do, lets the requests
// that were read be executed and answered, and returns when every connection
// is closed. If ctx ends first it returns ctx's error; connections that are
// still busy go on then, until Close. A call after the first waits as well.
func (s *Server) Shutdown(ctx context.Context) error {
	drained, err := s.halt((*session).hurry)
	select {
	case <-drained:
		return err
	default:
	}
	select {
	case <-drained:
		return err
	case <-ctx.Done():
		return fmt.Errorf("gibson: server: shutdown: %w", ctx.Err())
	}
}

// Close closes the listeners and cuts every connection. When it returns, no
// session uses the cache any more. It returns the first error from closing a
// listener, and may be called again, and during Shutdown.
func (s *Server) Close() error {
	drained, err := s.halt((*session).cut)
	<-drained
	return err
}

// halt closes the listeners, lets no more connections in, tells every session
// to end, and returns a channel that is closed when all have.
func (s *Server) halt(tell func(*session)) (drained <-chan struct{}, err error) {
	s.stopping.Store(true)
	s.mu.Lock()
	if s.drained == nil {
		s.drained = make(chan struct{})
		close(s.stopLocked())
		// No session can be added from here on, for enter looks at stopping
		// under mu, so that the group's count only falls.
		go func() {
			s.sessions.Wait()
			close(s.drained)
		}()
	}
	for l := range s.listeners {
		if cerr := (*l).Close(); err == nil && cerr != nil {
			err = fmt.Errorf("gibson: server: close %v: %w", (*l).Addr(), cerr)
		}
	}
	clear(s.listeners)
	open := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, sess := range open {
		tell(sess) // not under mu: closing may take its time
	}
	return s.drained, err
}

// stopLocked returns the channel that ends the pauses of accept loops. mu
// must be held.
func (s *Server) stopLocked() chan struct{} {
	if s.stop == nil {
		s.stop = make(chan struct{})
	}
	return s.stop
}

// track makes l one of the listeners that halt closes, unless it is too late.
func (s *Server) track(l *net.Listener) (stop <-chan struct{}, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		return nil, false
	}
	if s.listeners == nil {
		s.listeners = make(map[*net.Listener]struct{})
	}
	s.listeners[l] = struct{}{}
	return s.stopLocked(), true
}

func (s *Server) untrack(l *net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

// admit makes a session of conn, which may join a loop if looped, or closes
// conn and says why.
func (s *Server) admit(conn net.Conn, looped bool) (*session, error) {
	sess := newSession(s, conn)
	if looped && s.cfg.loops > 0 {
		s.loops.assign(sess)
	}
	err := s.enter(sess)
	if err != nil {
		_ = conn.Close() // it was never used
		return nil, err
	}
	return sess, nil
}

// enter adds a session to those that are open, if it may.
func (s *Server) enter(sess *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopping.Load():
		return ErrServerClosed
	case len(s.conns) >= s.cfg.maxClients:
		s.counters.refused.Add(1)
		if !s.full {
			s.full = true
			s.cfg.log.Warn("too many clients, refusing connections", "max_clients", s.cfg.maxClients)
		}
		return ErrTooManyClients
	case !s.crowd.enter(sess.addr):
		s.counters.refusedByAddress.Add(1)
		if more, ok := s.crowdLog.allow(s.cfg.clock.Now()); ok {
			s.cfg.log.Warn("too many clients from one address, refusing connections", "client", sess.client(),
				"max_clients_per_address", s.crowd.max, "more_since_last_line", more)
		}
		return ErrTooManyFromAddress
	}
	s.full = false
	if s.conns == nil {
		s.conns = make(map[*session]struct{})
	}
	s.conns[sess] = struct{}{}
	s.sessions.Add(1)
	s.lastID++
	sess.id, sess.since = s.lastID, s.cfg.clock.Wall()
	if _, later := sess.conn.(*tls.Conn); !later {
		sess.join()
	}
	return nil
}

// leave removes a session that has ended.
func (s *Server) leave(sess *session) {
	s.mu.Lock()
	delete(s.conns, sess)
	s.crowd.leave(sess.addr)
	if sess.counted {
		s.counters.clients.Add(-1)
	}
	s.mu.Unlock()
	s.sessions.Done()
}
