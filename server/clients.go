package server

import (
	"cmp"
	"net"
	"slices"
	"time"
)

// Client is one open connection.
type Client struct {
	ID        int64     // counts up from 1 with the connections served
	Addr      net.Addr  // the client's; without a name on a unix socket
	Connected time.Time // by the cache's clock
	Requests  int64     // executed so far
}

// Clients returns the open connections, the oldest first.
func (s *Server) Clients() []Client {
	s.mu.Lock()
	all := make([]Client, 0, len(s.conns))
	for sess := range s.conns {
		all = append(all, Client{sess.id, sess.addr, sess.since, sess.requests.Load()})
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b Client) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Kill closes the connection with that ID, whatever it is doing: requests that
// are being executed are, and nobody gets the answer. It reports whether there
// was one.
func (s *Server) Kill(id int64) bool {
	s.mu.Lock()
	var found *session
	for sess := range s.conns {
		if sess.id == id {
			found = sess
			break
		}
	}
	s.mu.Unlock()
	if found == nil {
		return false
	}
	found.cut() // not under mu: closing may take its time
	return true
}
