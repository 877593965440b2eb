// Package gibson is a client for Gibson servers: caches whose whole keyspace
// is one tree, so that everything whose key begins with a prefix, a family, is
// read, counted, expired, locked or deleted by one request.
//
// # Connections
//
// Dial returns a Conn, which any number of goroutines use at once:
//
//	conn, err := gibson.Dial(ctx, "/tmp/gibson.sock", nil)
//	...
//	err = conn.Set(ctx, "user:42:name", []byte("Ada"), time.Hour)
//	name, err := conn.Get(ctx, "user:42:name")
//	n, err := conn.MDelete(ctx, "user:42:")
//
// A Client, made by NewClient, keeps a few of them, connects again when one is
// lost and repeats what can be repeated without harm. It is what a program
// that runs for long wants; the methods are the same. A Pool hands out
// connections one by one, for programs that need one to themselves.
//
// Every command of the protocol has a method, named as in package cache, which
// is the same engine without a server: moving from one to the other adds a
// context and an address. Do sends any command by name, a Pipeline many of
// them at once. EncodeCommand and Reader are for programs that do their own
// input and output.
//
// Typed has values of a Go type, through a Codec, and Fetch, which loads what
// is missing once for all who want it. Hooks observe every command.
//
// # Concurrency and cancellation
//
// Requests of one connection are sent in the order in which their calls were
// made and answered in that order, without waiting for each other. Calls of
// one goroutine therefore happen in turn; those of several goroutines in any
// order. A Client and a Pool use several connections: there only a call that
// was answered is sure to happen before the next.
//
// Every call returns at once when its context ends, with the context's error.
// If its request was already queued the server still executes it; the reply
// is read and dropped when it comes. Neither the connection nor the calls
// behind it notice.
//
// The bytes in flight are bounded by Options.MaxInFlight, so a server that
// does not answer makes callers wait, not the memory grow. A request is copied
// before its call returns, and a reply belongs to its caller: no []byte is
// shared, in either direction, but the dst of GetInto while that runs.
//
// # Errors
//
// What the server refused is one of ErrNotFound, ErrLocked, ErrNotANumber,
// ErrMemoryLimit and ErrServer; what the methods refuse before anything is
// sent is one of ErrInvalidKey, ErrInvalidValue, ErrInvalidTTL and
// ErrTooLarge; a reply above Options.MaxReplySize is ErrTooLarge too. They
// mostly come in a *CommandError that names command and key: use errors.Is.
// ErrNotFound comes as it is, so that a miss costs nothing. Commands on a
// family report nothing found by 0 or an empty sequence.
//
// An error of the network or a *ProtocolError closes the connection. Every
// call in flight ends with ErrConnectionLost, which wraps it, and what the
// server made of those is not known; after a Close they end with ErrClosed.
// Later calls fail with an error that matches both ErrClosed and the cause.
// SafeToRetry says which of all these calls may be made again.
package gibson
