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
// What one read brought is executed as one batch under one acquisition of the
// cache's lock and answered with one write, so pipelined requests share the
// price of both. A batch is bounded in requests and in bytes of replies:
// however much a client sends at once, others get the lock in between. The
// lock is never held during I/O, so a client that does not read its replies
// holds up nobody but itself.
//
// # Two transports
//
// Each connection is a session. Who reads and writes for it differs; parsing,
// executing and answering are the same code.
//
// A goroutine serves one session: everywhere but on Linux, with TLS and every
// other net.Conn that is no plain socket, and with ServeConn.
//
// On Linux an event loop serves many plain unix and TCP connections in one
// goroutine, with an epoll set of its own that the runtime does not know:
//
//	┌─► epoll: who has sent something
//	│     │
//	│   read and parse: 64 of them, one buffer each at the most
//	│     │
//	│   cache.Begin ─► execute for all of them ─► End   (as often as a batch's bounds say)
//	│     │
//	└── write: each of them ─► what is left of a pipeline goes on in a later round
//
// So connections without pipelining share the lock too, and the waits for
// memory of their keys overlap (cache.Batch.Touch). A request costs two system
// calls and a part of an epoll_wait; with a goroutine it costs a third call,
// which finds out that there is nothing more to read, and the scheduler's work.
//
// A loop never waits for one client. A session moves out, to a goroutine of
// its own and for good, when its client does not take its replies fast enough
// for the socket, when its requests are bigger than some buffers, or when it
// lingers. Commands that take long hold up the other sessions of the loop, but
// they hold the cache's lock, so all but PING would wait in any case. A panic
// ends the session whose request it was. Sessions that wait for their client
// are ended by Shutdown as ever; those of the same round as a request that is
// being executed end with the round.
//
// To sleep and be woken takes a thread longer than a quick client needs for its
// next request. While requests come so fast that it pays, a loop that has
// nothing to do asks epoll again and again before it sleeps (Server.BusyPoll).
// In between it yields the processor to other processes; this one's goroutines
// get it when the runtime takes it, after 10 ms at the most, as from a loop
// that always has something to do. One loop does so at a time. What is gained
// is most with few clients, which wait for their replies.
//
// A loop's goroutine and descriptors are there while it has sessions. There is
// one loop for each processor but one, which is left to everything else in the
// process: the runtime looks for other goroutines' events only when it has
// nothing to run, or every 10 ms.
//
// # Memory
//
// A session that waits for its client holds no buffers where the connection is
// a socket. Buffers come from a pool when bytes arrive and go back when all of
// them have been answered. The beginning of a request is kept in memory of its
// size until the rest arrives; above 8 KiB it keeps its buffers. An input buffer grows by doubling, as the bytes of
// a big request really arrive: a length field alone allocates nothing. Nothing
// is allocated per request while the pool has buffers, which are of up to 4 MiB;
// larger ones, of a reply of many pairs (MGET, KEYS) say, are made for it alone.
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
