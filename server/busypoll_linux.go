package server

import "time"

// busyPoll says when a loop that has nothing to do asks for events again and
// again for a while, before it sleeps. A thread that is put to sleep and woken
// loses more time than many clients need for their next request, on virtual
// machines some 50 to 100 µs; a loop that is awake answers at once. But it
// takes a processor meanwhile, so it must pay: polls have a limit, and those of
// late must have ended with events in less than half of it on the average.
//
//	balance  ▲ half of the limit less the time it took, for each poll
//	  full ──┤   ╭────╮  ╭──────────        a client pauses once: polls go on
//	         │  ╱     ╰──╯          ╲
//	     0 ──┼─╱─────────────────────╲──┬───────┬─────────────┬─►
//	                                    try     try           try
//	                                      pause   twice as long
type busyPoll struct {
	limit   int64 // ns of one poll; 0: there are none
	balance int64 // ns, from 0 to full
	until   int64 // without a balance, the time of the next try
	pause   int64 // ns from a try in vain to the next
}

// full is, in limits, the most that good polls count for bad ones: fifteen in
// a row that find nothing are forgiven.
const full = 8

// Pauses are, in limits, such that without a balance polls take at most a
// fiftieth of the time, and soon next to nothing.
const (
	minPollPause = 50
	maxPollPause = 5000
)

// due reports whether to poll at the time now. There must be a limit.
func (b *busyPoll) due(now int64) bool {
	return b.balance > 0 || now >= b.until
}

// account notes a poll, with all its time: one that took longer than its limit
// is one in which others had the processor.
func (b *busyPoll) account(start, end int64) {
	b.balance = min(b.balance+b.limit/2-(end-start), full*b.limit)
	switch {
	case b.balance <= 0:
		b.pause = min(max(2*b.pause, minPollPause*b.limit), maxPollPause*b.limit)
		b.balance, b.until = 0, end+b.pause
	case b.balance == full*b.limit:
		b.pause = 0
	}
}

// busyPollLimit returns the limit for the BusyPoll of a Server that may run on
// so many processors at a time and, unless 0, use the time of so many. One
// processor is everybody's, and of a small quota a poll would leave the
// requests nothing.
func busyPollLimit(d time.Duration, processors int, quota float64) int64 {
	switch {
	case d < 0 || processors < 2:
		return 0
	case d > 0:
		return int64(d)
	case quota > 0 && quota < 2:
		return 0
	default:
		return int64(DefaultBusyPoll)
	}
}
