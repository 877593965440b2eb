// Package faults has only tests: of the client while the network and the
// server do what they do in production. A proxy between the two delays, slices,
// throttles, cuts and swallows; a server process is killed and started again.
// Under all of it many goroutines share a client, and for every call it holds
// that
//
//   - it returns by the end of its context, with an answer or a typed error;
//   - the answer is its own: every value says whose it is;
//   - INC was executed once if it succeeded, at most once if it is not known
//     whether it did, and not at all if the error is safe to retry.
//
// When the fault is over the same client works again, and when it is closed
// neither a goroutine nor a connection is left.
//
// It is a module of its own, so that nobody else's build sees the proxy.
package faults
