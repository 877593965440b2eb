package server

import (
	"errors"
	"os"
	"time"

	"github.com/gogibson/gibson/wire"
)

// This file is the protocol's part of a session: what lies between bytes that
// were read and bytes to be written, the same whoever reads and writes them.

// answer executes every complete request in the input and writes the replies.
func (s *session) answer() (end, error) {
	for {
		s.parse()
		how, err := s.respond()
		if err != nil || s.work.why != batchFull {
			return how, err
		}
	}
}

// respond executes the requests that were parsed and not executed yet, and
// writes their replies. If there may be more requests in the input, the last
// replies wait for theirs.
func (s *session) respond() (end, error) {
	w := s.work
	for !w.executed() {
		if _, err := w.turn.take(s.self[:]); err != nil {
			return endClose, err
		}
		if len(w.out.b) >= s.srv.cfg.maxBatchBytes || w.turn.stuck {
			if err := s.flush(); err != nil {
				return endClose, err
			}
		}
	}
	if w.why == batchFull {
		return goOn, nil
	}
	w.conclude()
	if err := s.flush(); err != nil {
		return endClose, err
	}
	return s.verdict(), nil
}

// verdict says how the session goes on once everything that was parsed has
// been executed and answered.
func (s *session) verdict() end {
	switch w := s.work; w.why {
	case ended:
		return endLinger // more may be on its way
	case badLength, badOpcode:
		s.srv.counters.protocolErrors.Add(1)
		s.srv.cfg.log.Warn("protocol error, closing the connection", "client", s.client(), "reason", w.why.String())
		return endLinger
	}
	return goOn
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

// parse makes a batch of the complete requests in the input, after those of
// the last one have been executed. It does so before the cache's lock is
// taken.
func (s *session) parse() {
	w := s.work
	w.calls, w.next = w.calls[:0], 0
	w.why = s.parseCalls()
	w.owes = w.why == badLength
	w.most = max(w.most, len(w.calls))
	if s.srv.OnBatch != nil {
		w.batch.note(w.calls)
	}
}

// parseCalls appends to the batch until it is full or the input is used up.
func (s *session) parseCalls() stop {
	w, cfg := s.work, &s.srv.cfg
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

// executed reports whether all of the batch has been.
func (w *workspace) executed() bool { return w.next == len(w.calls) }

// conclude appends the answer to what could not be parsed, once the batch
// before it has been executed.
func (w *workspace) conclude() {
	if w.owes {
		w.owes = false
		w.out.b = wire.AppendCode(w.out.b, wire.CodeErr)
	}
}

// flush writes the output, which ends at the end of a reply, and waits until
// the system has taken it.
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
