package gibsontest

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/server"
)

// Options configures a Server. The zero value is what most tests want.
type Options struct {
	// Cache configures the engine. Clock must be nil: a Server has its own.
	Cache cache.Options

	// Start is the time of day at which the server's clock stands at first. If
	// zero, it is the time at which the server is started, in whole seconds.
	Start time.Time

	// Server, if not nil, is called once before the server is used, to set
	// limits, timeouts or a logger. Cache is set already.
	Server func(*server.Server)
}

// Server is a running server. All methods are safe for concurrent use.
type Server struct {
	clock  clock
	cache  *cache.Cache
	server *server.Server
	dir    string // holds the socket, removed by Close
	unix   string
	tcp    string
	log    bytes.Buffer // of errors, which panics are, unless Options set a logger

	serving sync.WaitGroup
	close   sync.Once
	mu      sync.Mutex // protects err
	err     error      // what ended a listener, then what Close returned
}

// NewServer starts a server for one test and closes it when the test and all
// its subtests are over. It takes one Options or none; nil is none. If the
// server cannot be started, the test ends there.
func NewServer(tb testing.TB, opts ...*Options) *Server {
	tb.Helper()
	if len(opts) > 1 {
		tb.Fatalf("gibsontest: NewServer with %d Options, want one or none", len(opts))
	}
	var o *Options
	if len(opts) == 1 {
		o = opts[0]
	}
	s, err := Start(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// Start starts a server that the caller must Close. It is for where there is
// no test yet, as in TestMain. opts may be nil.
func Start(opts *Options) (*Server, error) {
	if opts == nil {
		opts = &Options{}
	}
	if opts.Cache.Clock != nil {
		return nil, errors.New("gibsontest: Options.Cache.Clock is set, want nil: the server has a clock of its own")
	}
	s := &Server{}
	s.clock.start = opts.Start
	if s.clock.start.IsZero() {
		s.clock.start = time.Now().Truncate(time.Second)
	}
	co := opts.Cache
	co.Clock = &s.clock
	c, err := cache.New(&co)
	if err != nil {
		return nil, fmt.Errorf("gibsontest: %w", err)
	}
	s.cache = c
	s.server = &server.Server{Cache: c}
	if opts.Server != nil {
		opts.Server(s.server)
	}
	if s.server.Logger == nil {
		s.server.Logger = slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelError}))
	}
	if err := s.listen(); err != nil {
		return nil, errors.Join(fmt.Errorf("gibsontest: %w", err), s.Close())
	}
	return s, nil
}

// listen opens both listeners and serves them.
func (s *Server) listen() (err error) {
	// Not the test's own directory: its name has the test's name in it, and
	// that of a socket may not be long.
	if s.dir, err = os.MkdirTemp("", "gibson"); err != nil {
		return err
	}
	s.unix = filepath.Join(s.dir, "sock")
	u, err := server.ListenUnix(s.unix)
	if err != nil {
		return err
	}
	s.serve(u)
	t, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.tcp = t.Addr().String()
	s.serve(t)
	return nil
}

// serve serves l in a goroutine of its own.
func (s *Server) serve(l net.Listener) {
	s.serving.Go(func() {
		if err := s.server.Serve(l); !errors.Is(err, server.ErrServerClosed) {
			s.fail(err)
		}
	})
}

// fail notes an error for Close to return.
func (s *Server) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = errors.Join(s.err, err)
}

// Addr returns the path of the server's unix socket.
func (s *Server) Addr() string { return s.unix }

// TCPAddr returns the server's TCP address, a port of the system's choice on
// 127.0.0.1.
func (s *Server) TCPAddr() string { return s.tcp }

// Cache returns the engine, for a test to prepare or look at items without a
// connection. Do not close it.
func (s *Server) Cache() *cache.Cache { return s.cache }

// Server returns the server, for its figures or to Shutdown it. Its fields
// must not be changed.
func (s *Server) Server() *server.Server { return s.server }

// Advance moves the server's clock forward by d. When it returns, items and
// locks whose time is over are gone for every command. If d is not above zero
// nothing happens: the clock does not run backwards.
func (s *Server) Advance(d time.Duration) { s.clock.advance(d) }

// Now returns the time of day by the server's clock.
func (s *Server) Now() time.Time { return s.clock.Wall() }

// Close cuts all connections, waits for the server's goroutines, closes the
// cache and removes the socket. It returns what went wrong since Start, a panic
// included that ended no more than one client's connection. NewServer has it
// called at the end of the test; it may be called before and more than once.
func (s *Server) Close() error {
	s.close.Do(func() {
		err := s.server.Close()
		s.serving.Wait()
		if n := s.server.Stats().Panics; n > 0 {
			first, _, _ := bytes.Cut(s.log.Bytes(), []byte("\n"))
			err = errors.Join(err, fmt.Errorf("gibsontest: %d connections ended by a panic, the first: %s", n, first))
		}
		err = errors.Join(err, s.cache.Close())
		if s.dir != "" {
			err = errors.Join(err, os.RemoveAll(s.dir))
		}
		s.fail(err)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
