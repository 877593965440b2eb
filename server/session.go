package server

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/gogibson/gibson/wire"
)

// session is one connection. Its methods belong to the session's goroutine,
// except for hurry and cut.
type session struct {
	srv  *Server
	conn net.Conn
	src  source
	work *workspace // nil while there is nothing to do
	sent bool       // something was written since the last read

	id       int64        // see Client; set when the session is entered
	since    time.Time    // likewise
	requests atomic.Int64 // executed
	counted  bool         // in the figures of clients

	// The connection has a deadline of a timeout, which Adjust may take away.
	readBound, writeBound bool
}

func newSession(srv *Server, conn net.Conn) *session {
	s := &session{srv: srv, conn: conn}
	s.src = newSource(s)
	return s
}

// hurry ends the session's wait for its client, now and later. Replies are
// still written. Server.stopping must have been set before.
func (s *session) hurry() {
	_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // fails if the connection is closed: good as well
}

// cut closes the connection, whatever the session is doing.
func (s *session) cut() {
	cutConn(s.conn)
}

// run serves the connection until it ends and closes it.
func (s *session) run() {
	defer s.srv.leave(s)
	defer s.cut()
	defer s.catch()

	if !s.secure() {
		return
	}
	how, err := s.serve()
	if how == endLinger {
		s.linger()
	}
	if err == nil {
		s.farewell()
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
		s.srv.counters.panics.Add(1)
		s.srv.cfg.log.Error("panic while serving a connection, closing it",
			"client", s.client(), "panic", p, "stack", string(debug.Stack()))
	}
}

// client returns the client's address for the log. Clients on a unix socket
// have none.
func (s *session) client() string {
	if a := s.conn.RemoteAddr(); a != nil {
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
		how, err := s.answerAll()
		if how != goOn || err != nil {
			return how, err
		}
		if s.srv.stopping.Load() {
			if s.sent {
				return endLinger, nil // this client may well be sending more
			}
			return endClose, nil
		}
	}
}

// answerAll is answer, observed if that is wanted.
func (s *session) answerAll() (end, error) {
	if tell := s.srv.OnBatch; tell != nil {
		return s.observe(tell)
	}
	return s.answer()
}

// answer executes every complete request in the input and writes the replies.
func (s *session) answer() (end, error) {
	w := s.work
	for {
		why := s.parse()
		w.most = max(w.most, len(w.calls))
		if s.srv.OnBatch != nil {
			w.batch.note(w.calls)
		}
		for next := 0; next < len(w.calls); {
			n, err := s.execute(w.calls[next:])
			if err != nil {
				return endClose, err
			}
			next += n
			if len(w.out.b) >= s.srv.cfg.maxBatchBytes {
				if err := s.flush(); err != nil {
					return endClose, err
				}
			}
		}
		if why == batchFull {
			continue
		}
		if why == badLength {
			w.out.b = wire.AppendCode(w.out.b, wire.CodeErr)
		}
		if err := s.flush(); err != nil {
			return endClose, err
		}
		switch why {
		case ended:
			if w.in.empty() {
				return endClose, nil
			}
			return endLinger, nil
		case badLength, badOpcode:
			s.srv.counters.protocolErrors.Add(1)
			s.srv.cfg.log.Warn("protocol error, closing the connection", "client", s.client(), "reason", why.String())
			return endLinger, nil
		}
		return goOn, nil
	}
}

// stop says why parse stopped.
type stop uint8

const (
	needMore  stop = iota // the rest of the input is not a complete request
	batchFull             // there may be more
	ended                 // END: what follows it is ignored
	badLength             // what follows cannot be parsed
	badOpcode             // likewise; the request itself is the last of the batch
)

// String returns the reason for the log.
func (w stop) String() string {
	switch w {
	case badLength:
		return "request length out of range"
	case badOpcode:
		return "unknown opcode"
	}
	return "none"
}

// parse makes a batch of the complete requests in the input. It does so before
// the cache's lock is taken.
func (s *session) parse() stop {
	w, cfg := s.work, &s.srv.cfg
	w.calls = w.calls[:0]
	for len(w.calls) < cfg.maxBatchRequests {
		req, n, err := wire.ParseRequest(w.in.pending(), cfg.maxRequestSize)
		if err != nil {
			if err == wire.ErrShort {
				return needMore
			}
			return badLength
		}
		w.in.r += n
		c, known := w.dispatch.parse(req)
		w.calls = append(w.calls, c)
		switch {
		case !known:
			return badOpcode
		case req.Op == wire.OpEnd:
			return ended
		}
	}
	return batchFull
}

// execute executes the requests at the beginning of calls, as many as may be
// under one acquisition of the cache's lock, at least one, and appends their
// replies to the output.
func (s *session) execute(calls []call) (n int, err error) {
	w := s.work
	e, err := s.srv.begin()
	if err != nil {
		return 0, err
	}
	// Deferred, so that a panic does not leave the lock held.
	defer e.End()
	most := len(w.out.b) + s.srv.cfg.maxBatchBytes
	for n < len(calls) && len(w.out.b) < most {
		reply := len(w.out.b)
		if n%touchAhead == 0 {
			w.dispatch.touch(e, calls[n:])
		}
		w.dispatch.execute(e, &calls[n], n, w.out)
		s.srv.calls.add(calls[n].op, w.out.b[reply:])
		n++
	}
	s.srv.counters.batches.Add(1)
	s.srv.counters.requests.Add(int64(n))
	s.requests.Add(int64(n))
	return n, nil
}

// flush writes the output, which ends at the end of a reply.
func (s *session) flush() error {
	w := s.work
	if len(w.out.b) == 0 {
		return nil
	}
	s.sent = true
	err := s.write(w.out.b)
	w.trim()
	return err
}

// write writes b. A client that takes nothing for WriteTimeout fails it, one
// that takes little by little does not. Connections that cannot go on after a
// write that timed out, which is so of TLS, fail then as well: chunk keeps
// their writes small.
func (s *session) write(b []byte) error {
	for {
		d := time.Duration(s.srv.writeTimeout.Load())
		if d > 0 || s.writeBound {
			if err := s.conn.SetWriteDeadline(deadline(d)); err != nil {
				return err
			}
			s.writeBound = d > 0
		}
		part := s.chunk(b)
		n, err := s.conn.Write(part)
		if err == nil && n < len(b) {
			b = b[n:]
			continue
		}
		if n == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		b = b[n:]
	}
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
