//go:build !linux

package server

import "time"

// seat is a session's place in an event loop. There are none here: every
// session has a goroutine.
type seat struct{}

// join takes the session over and returns true, which never happens here.
func (*seat) join(*session) bool { return false }

// hurry and cut do what session's do if the session is in a loop and return
// true, which never happens here.
func (*seat) hurry(*session) bool { return false }
func (*seat) cut(*session) bool   { return false }

// loops are a server's event loops: none.
type loops struct{}

// assign gives a new session a loop to join.
func (*loops) assign(*session) {}

// defaultLoops is the number of loops that zero stands for.
func defaultLoops() int { return 0 }

// busyPollLimit is for loops.
func busyPollLimit(time.Duration, int, float64) int64 { return 0 }
