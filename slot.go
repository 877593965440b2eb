package gibson

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// slot is the place of one connection of a Client. Its goroutine, run,
// connects, attends to the connection until it is lost, and connects again.
type slot struct {
	c       *Client
	current atomic.Pointer[Conn] // the last connection made, nil before the first

	mu      sync.Mutex // protects the fields below
	next    *attempt   // what callers wait for while there is no connection
	lastErr error      // why there is none
}

// attempt is one attempt to connect: in progress, or due after a wait.
type attempt struct {
	done chan struct{} // closed when the fields below are set
	conn *Conn
	err  error
}

func newAttempt() *attempt { return &attempt{done: make(chan struct{})} }

// open returns the slot's connection if there is one that takes calls.
func (s *slot) open() *Conn {
	conn := s.current.Load()
	if conn == nil || !conn.usable() {
		return nil
	}
	return conn
}

// run keeps the slot connected until the Client is closed.
func (s *slot) run() {
	opts := s.c.opts.Options
	opts.Hooks = nil // the Client has them; health checks are none of its commands
	for failures := 0; ; {
		s.c.dials.Add(1)
		conn, err := s.c.target.dial(s.c.ctx, opts)
		s.settle(conn, err)
		if err == nil {
			err = s.attend(conn)
			s.mu.Lock()
			s.lastErr = err
			s.mu.Unlock()
		} else {
			s.c.failures.Add(1)
		}
		if conn != nil && served(conn, err) {
			failures = 0 // and the next attempt is made at once
		} else {
			s.pause(failures)
			failures++
		}
		if s.c.ctx.Err() != nil {
			s.mu.Lock()
			s.next.err = &unsentError{cause: ErrClosed}
			close(s.next.done) // and it stays: there is no attempt after it
			s.mu.Unlock()
			return
		}
	}
}

// settle tells those who wait for it how an attempt came out. Whoever comes
// from now on and finds no open connection waits for the one after it.
func (s *slot) settle(conn *Conn, err error) {
	if err != nil {
		err = &earlyError{cause: err}
	}
	s.mu.Lock()
	if conn != nil {
		s.current.Store(conn)
	}
	a := s.next
	s.next, s.lastErr = newAttempt(), err
	s.mu.Unlock()
	a.conn, a.err = conn, err
	close(a.done)
	if conn != nil {
		s.c.announce(conn)
	}
}

// served reports whether a connection that ended with err was of use. A server
// that has no room accepts connections and closes them, and what is no Gibson
// server may talk.
func served(conn *Conn, err error) bool {
	var protocol *ProtocolError
	return conn.arrivals.Load() > 0 && !errors.As(err, &protocol)
}

// pause waits before the next attempt, the longer the more have failed.
func (s *slot) pause(failures int) {
	d := s.c.opts.MaxBackoff
	if failures < 30 { // so that the shift does not overflow
		d = min(d, s.c.opts.MinBackoff<<failures)
	}
	t := time.NewTimer(d/2 + rand.N(d/2+1))
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.c.ctx.Done():
	}
}

// errUnhealthy is why a connection is closed that does not answer a PING.
var errUnhealthy = errors.New("no answer to a health check")

// attend watches over a connection until it is closed and returns why it was.
func (s *slot) attend(conn *Conn) error {
	var tick <-chan time.Time
	if s.c.opts.HealthInterval > 0 {
		t := time.NewTicker(s.c.opts.HealthInterval)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-conn.Done():
			return conn.Err()
		case <-s.c.ctx.Done():
			_ = conn.Close() // always nil
			return ErrClosed
		case <-tick:
			s.check(conn)
		}
	}
}

// check closes a connection that does not answer. One that brings something
// else, a long reply for instance, or takes more of a long request, is not
// stuck.
func (s *slot) check(conn *Conn) {
	before := conn.signs()
	ctx, cancel := context.WithTimeout(s.c.ctx, s.c.opts.HealthTimeout)
	defer cancel()
	err := conn.Ping(ctx)
	if err != nil && s.c.ctx.Err() == nil && conn.signs() == before {
		conn.kill(errUnhealthy)
	}
}
