package server

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// DefaultHandshakeTimeout bounds TLS handshakes unless Server.HandshakeTimeout
// does.
const DefaultHandshakeTimeout = 10 * time.Second

// refusalInterval is how far apart lines of the log are about clients whose
// handshakes did not succeed: anybody can make them.
const refusalInterval = time.Minute

// secure does the handshake of a connection that is TLS, and reports whether
// there is a client to serve. Until then the connection takes one of
// MaxClients' places, but is no client yet in any figure.
func (s *session) secure() bool {
	tc, ok := s.conn.(*tls.Conn)
	if !ok {
		return true
	}
	err := s.handshake(tc)
	if err == errIdle {
		return false
	}
	if err != nil {
		s.srv.turnAway(s, err)
		return false
	}
	s.join()
	return true
}

// handshake returns errIdle if the server stops meanwhile.
func (s *session) handshake(tc *tls.Conn) error {
	if err := tc.SetDeadline(deadline(s.srv.cfg.handshake)); err != nil {
		return err
	}
	// As in read: the new deadline may have replaced the one of hurry.
	if s.srv.stopping.Load() {
		return errIdle
	}
	err := tc.Handshake()
	if s.srv.stopping.Load() {
		return errIdle
	}
	if err == nil {
		err = tc.SetDeadline(time.Time{})
	}
	if err == nil && s.srv.stopping.Load() {
		return errIdle
	}
	return err
}

// join makes the session one of the clients in the figures.
func (s *session) join() {
	s.counted = true
	s.srv.counters.clients.Add(1)
	s.srv.counters.connections.Add(1)
}

// turnAway counts and logs a handshake that did not succeed. A peer that goes
// without a word only looked whether somebody listens.
func (s *Server) turnAway(sess *session, err error) {
	if err == io.EOF {
		s.cfg.log.Debug("connection closed before the TLS handshake", "client", sess.client())
		return
	}
	counter, quiet, what := &s.counters.handshakesFailed, &s.failedLog, "TLS handshake failed"
	if badCertificate(err) {
		counter, quiet, what = &s.counters.certificatesRefused, &s.refusedLog, "client refused: its TLS certificate is not allowed here"
	}
	counter.Add(1)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errors.New("the client did not finish in time")
	}
	if more, ok := quiet.allow(s.cfg.clock.Now()); ok {
		s.cfg.log.Warn(what, "client", sess.client(), "err", err, "more_since_last_line", more)
	}
}

// badCertificate reports whether a handshake ended because the client has no
// certificate that is good enough. Everything else is not about who it is.
func badCertificate(err error) bool {
	var name *ClientNameError
	var verify *tls.CertificateVerificationError
	// crypto/tls has no type for the third.
	return errors.As(err, &name) || errors.As(err, &verify) || strings.HasSuffix(err.Error(), "client didn't provide a certificate")
}

// sparse lets one event through in refusalInterval.
type sparse struct {
	mu    sync.Mutex // protects the following fields
	begun bool
	last  time.Duration // when one was let through, by the cache's clock
	more  int64         // held back since then
}

// allow reports whether an event now is let through, and how many before it
// were not.
func (s *sparse) allow(now time.Duration) (more int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun && now-s.last < refusalInterval {
		s.more++
		return 0, false
	}
	more, s.more = s.more, 0
	s.begun, s.last = true, now
	return more, true
}

// tlsChunk is how much of a reply is encrypted and written under one
// WriteTimeout: a TLS connection cannot go on after a write that timed out, so
// that one large write would bound the whole reply.
const tlsChunk = 64 << 10

// chunk returns what of b is to be written next.
func (s *session) chunk(b []byte) []byte {
	if _, ok := s.conn.(*tls.Conn); ok && len(b) > tlsChunk {
		return b[:tlsChunk]
	}
	return b
}
