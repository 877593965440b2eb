package server

import (
	"sync/atomic"
	"time"
)

// counters are the figures of a Server. They change once per batch or per
// connection, never per request.
type counters struct {
	clients        atomic.Int64
	connections    atomic.Int64
	refused        atomic.Int64
	requests       atomic.Int64 // changed under the cache's lock only, so that STATS is exact
	batches        atomic.Int64
	protocolErrors atomic.Int64
	panics         atomic.Int64

	busyPoll            atomic.Int64 // ns
	refusedByAddress    atomic.Int64
	certificatesRefused atomic.Int64
	handshakesFailed    atomic.Int64
}

// Stats are figures about a Server's work since it was first used.
type Stats struct {
	Started        time.Time // when Serve or ServeConn was first called, by the cache's clock; zero before that
	Clients        int64     // connections open now
	Connections    int64     // connections served so far, open ones included
	Refused        int64     // connections closed because of MaxClients
	Requests       int64     // requests executed, those with an unknown opcode included, those with a bad length not
	Batches        int64     // acquisitions of the cache's lock that executed them
	ProtocolErrors int64     // connections ended by an unknown opcode or a bad length
	Panics         int64     // connections ended by a panic; anything but 0 is a defect

	BusyPoll time.Duration // time in which event loops looked for requests before they slept (Server.BusyPoll)

	RefusedByAddress int64 // connections closed because of MaxClientsPerAddress
	OutputMemory     int64 // bytes that count against MaxOutputMemory now
	RepliesRefused   int64 // replies that were ERR because of MaxOutputMemory

	CertificatesRefused int64 // TLS handshakes that ended because the client's certificate is missing or not allowed
	HandshakesFailed    int64 // other TLS handshakes that did not succeed in time
}

// Stats returns the current figures. They are read one after the other: while
// requests are served, they need not belong to one moment.
func (s *Server) Stats() Stats {
	st := Stats{
		Clients:        s.counters.clients.Load(),
		Connections:    s.counters.connections.Load(),
		Refused:        s.counters.refused.Load(),
		Requests:       s.counters.requests.Load(),
		Batches:        s.counters.batches.Load(),
		ProtocolErrors: s.counters.protocolErrors.Load(),
		Panics:         s.counters.panics.Load(),

		BusyPoll: time.Duration(s.counters.busyPoll.Load()),

		RefusedByAddress: s.counters.refusedByAddress.Load(),
		OutputMemory:     s.output.held.Load(),
		RepliesRefused:   s.output.refused.Load(),

		CertificatesRefused: s.counters.certificatesRefused.Load(),
		HandshakesFailed:    s.counters.handshakesFailed.Load(),
	}
	if st.Connections > 0 {
		st.Started = s.cfg.started // set before the first connection was counted
	}
	return st
}
