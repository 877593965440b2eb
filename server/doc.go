// Package server serves a cache.Cache to clients of the Gibson protocol, over
// unix sockets, TCP or any other net.Listener. Its vocabulary is that of
// net/http: Server, Serve, Shutdown, Close, ErrServerClosed.
//
// # A request's way
//
//	read(2) ─► input buffer ─► parse every complete request, nothing copied
//	                               │
//	                               ▼
//	           cache.Begin ─► execute the batch, append the replies ─► End
//	                               │
//	                               ▼
//	write(2) ◄──────────── output buffer, whole replies only
//
// Each connection is a session with one goroutine. What one read brought is
// executed as one batch under one acquisition of the cache's lock and answered
// with one write, so pipelined requests share the price of both. A batch is
// bounded in requests and in bytes of replies: however much a client sends at
// once, others get the lock in between. The lock is never held during I/O, so
// a client that does not read its replies holds up nobody but itself.
//
// # Memory
//
// A session that waits for its client holds no buffers where the connection is
// a socket. Buffers come from a pool when bytes arrive and go back when all of
// them have been answered. An input buffer grows by doubling, as the bytes of
// a big request really arrive: a length field alone allocates nothing. Nothing
// is allocated per request, except that a reply of pairs (MGET, KEYS) above
// the size of a pooled buffer is built in memory of its own.
//
// # What ends a connection
//
//   - The client closes or half-closes it. Requests that were sent before are
//     answered.
//   - END, which is answered with OK. Requests after it are ignored.
//   - Bytes that are not the protocol: an unknown opcode or a length out of
//     range (docs/protocol.md, "Protocol errors"). Requests before it are
//     answered, it is answered with ERR, and what still arrives is discarded
//     for a bounded time, so that the ERR is not lost to a connection reset.
//   - IdleTimeout, WriteTimeout, Shutdown and Close.
//   - A panic while its requests are executed. That would be a defect of this
//     project; it is logged with its stack and counted, the cache's lock is
//     released, and all other connections go on.
package server
