package server

import "golang.org/x/sys/unix"

// seat is a session's place in an event loop. A session joins its loop before
// it has read anything, or never; one that leaves the loop goes on in a
// goroutine and does not come back.
type seat struct {
	loop *loop // nil: there is none for the session; never changes

	// Guarded by loop.mu. If there is a loop, session.conn is guarded by it
	// too, but for the session's own goroutine.
	fd      int   // the socket while conn is nil, then −1
	slot    int   // in loop.table
	busy    bool  // in the loop's hands rather than waiting for its client
	severed bool  // cut was called
	expires int64 // when waiting ends, by loop.now

	// For the loop's goroutine alone.
	fate fate
	how  end   // for movesOut: what is left to do
	err  error // for closes: why
	late bool  // the wait has been too long
}

// fate is what becomes of a session after a round of its loop.
type fate uint8

const (
	waits    fate = iota // for its client
	goesOn               // with the next round, for there is more to do
	movesOut             // to a goroutine
	closes
)

// join moves the session into its loop and returns true, or leaves it as it is.
func (t *seat) join(s *session) bool {
	if t.loop == nil {
		return false
	}
	fd, err := duplicate(s.conn)
	if err != nil {
		return false
	}
	if !t.loop.add(s, fd) {
		_ = unix.Close(fd) // nothing was done with it
		return false
	}
	return true
}

// hurry does what session.hurry does if the session is in a loop and returns
// true.
func (t *seat) hurry(s *session) bool {
	if t.loop == nil {
		return false
	}
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	if s.conn != nil {
		return false
	}
	if !t.busy {
		t.shutdown()
	} // else the loop will see that the server is stopping
	return true
}

// cut does what session.cut does if the session is in a loop and returns true.
func (t *seat) cut(s *session) bool {
	if t.loop == nil {
		return false
	}
	t.loop.mu.Lock()
	defer t.loop.mu.Unlock()
	t.severed = true
	if s.conn != nil {
		return false
	}
	t.shutdown()
	return true
}

// shutdown lets the client see the end of the connection, and the loop too,
// which then closes it.
func (t *seat) shutdown() {
	if t.fd >= 0 {
		_ = unix.Shutdown(t.fd, unix.SHUT_RDWR) // the client may have ended it
	}
}
