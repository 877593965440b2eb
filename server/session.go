package server

import (
	"errors"
	"io"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// session is one connection. Its methods belong to the goroutine that serves
// it: one of its own or that of an event loop; except for hurry and cut.
type session struct {
	srv  *Server
	conn net.Conn   // nil while the session is in a loop
	addr net.Addr   // the client's
	src  source     // reads conn
	work *workspace // nil while there is nothing to do
	part []byte     // the beginning of a request, while there is no workspace
	sent bool       // something was written since the last read
	self [1]*session
	seat seat // in an event loop

	id       int64        // see Client; set when the session is entered
	since    time.Time    // likewise
	requests atomic.Int64 // executed
	counted  bool         // in the figures of clients

	// The connection has a deadline of a timeout, which Adjust may take away.
	readBound, writeBound bool
}

func newSession(srv *Server, conn net.Conn) *session {
	s := &session{srv: srv, conn: conn, addr: conn.RemoteAddr()}
	s.self[0] = s
	s.src = newSource(s)
	return s
}

// hurry ends the session's wait for its client, now and later. Replies are
// still written. Server.stopping must have been set before.
func (s *session) hurry() {
	if s.seat.hurry(s) {
		return
	}
	_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // fails if the connection is closed: good as well
}

// cut closes the connection, whatever the session is doing.
func (s *session) cut() {
	if s.seat.cut(s) {
		return
	}
	_ = s.conn.Close() // that it may be closed already is no matter
}

// run serves the connection until it ends and closes it.
func (s *session) run() { s.runFrom(s.serve) }

// runFrom is run, begun somewhere else.
func (s *session) runFrom(serve func() (end, error)) {
	defer s.srv.leave(s)
	defer s.cut()
	defer s.catch()

	if !s.secure() {
		return
	}
	how, err := serve()
	if how == endLinger {
		s.linger()
	}
	s.release()
	if err != nil {
		s.srv.cfg.log.Debug("connection failed", "client", s.client(), "err", err)
	}
}

// catch keeps a panic from ending the process. The cache's lock is released by
// execute. The workspace is left to the garbage collector: what state it is
// in is not known.
func (s *session) catch() {
	if p := recover(); p != nil {
		s.panicked(p)
	}
}

// panicked logs a panic.
func (s *session) panicked(p any) {
	if s.work != nil {
		s.work.dispatch.letGo() // the workspace is given up
	}
	s.srv.counters.panics.Add(1)
	s.srv.cfg.log.Error("panic while serving a connection, closing it",
		"client", s.client(), "panic", p, "stack", string(debug.Stack()))
}

// client returns the client's address for the log. Clients on a unix socket
// have none.
func (s *session) client() string {
	if a := s.addr; a != nil {
		return a.Network() + " " + a.String()
	}
	return ""
}

// end says how a session goes on after what it has read.
type end uint8

const (
	goOn      end = iota // with the next read
	endClose             // close the connection
	endLinger            // close it once the client has had a chance to read
)

// serve executes and answers requests until the connection is to be closed. An
// error is a failure of the connection.
func (s *session) serve() (end, error) {
	for {
		switch err := s.read(); {
		case err == nil:
		case err == io.EOF, err == errIdle:
			return endClose, nil
		default:
			return endClose, err
		}
		s.sent = false
		s.watch()
		how, err := s.answer()
		if how, err = s.answered(how, err); how != goOn || err != nil {
			return how, err
		}
	}
}

// resume is serve for a session that has output and maybe requests left.
func (s *session) resume() (end, error) {
	err := s.flush()
	how := goOn
	if err == nil {
		how, err = s.respond()
	}
	if err == nil && s.work.why == batchFull {
		how, err = s.answer()
	}
	if how, err = s.answered(how, err); how != goOn || err != nil {
		return how, err
	}
	return s.serve()
}

// answered ends the work for what was read, with that result, and returns the
// result or the end that the server's own end calls for.
func (s *session) answered(how end, err error) (end, error) {
	s.tell()
	if how != goOn || err != nil || !s.srv.stopping.Load() {
		return how, err
	}
	if s.sent {
		return endLinger, nil // this client may well be sending more
	}
	return endClose, nil
}

// Bounds of linger.
const (
	lingerTime  = time.Second
	lingerBytes = 16 << 20
)

// linger ends the connection so that the client can read what was written:
// closing a socket with unread bytes in it would reset the connection, and the
// last replies could be lost. So writing is shut down first, and what arrives
// is discarded until the client closes too, within bounds.
func (s *session) linger() {
	half, ok := s.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	if s.conn.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	s.part = nil
	for n := 0; n < lingerBytes; {
		if s.work != nil {
			n += s.work.in.w - s.work.in.r
			s.work.in.clear()
		}
		if err := s.src.read(); err != nil {
			if !errors.Is(err, io.EOF) {
				s.srv.cfg.log.Debug("client did not close in time", "client", s.client(), "err", err)
			}
			return
		}
	}
}
