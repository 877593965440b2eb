package server

import "runtime"

// A turn is one acquisition of the cache's lock and what is executed under it:
// requests of one session or, in an event loop, of several.
type turn struct {
	srv   *Server
	e     engine
	at    *session // whose requests are being executed
	n     int      // requests executed
	bytes int      // of their replies
	ahead int      // requests that were announced and not executed yet
	stuck bool     // a request waits until items are gone whose life is over
	keys  [touchAhead][]byte
}

// touchAhead is how many requests are announced to the engine at once, so few
// that what they need stays in the processor's cache until they are executed.
const touchAhead = 16

// take locks the cache once and executes what the sessions have parsed, in
// order, as far as a turn may go. Two kinds of session are passed over: those
// whose output is full, and those whose next request has to wait until many
// items are gone whose life is over; each turn brings that nearer, and others
// are served in between. It returns how many sessions it is done with;
// the next one is to be first in the next turn. The error is the cache's: it
// is closed.
func (t *turn) take(all []*session) (done int, err error) {
	t.at, t.n, t.bytes, t.ahead, t.stuck = all[0], 0, 0, 0, false
	if t.e, err = t.srv.begin(); err != nil {
		return 0, err
	}
	// Deferred, so that a panic does not leave the lock held.
	defer t.end()
	for i, s := range all {
		t.at = s
		if !t.execute(all[i:]) {
			return i, nil
		}
	}
	return len(all), nil
}

// end counts what was executed, still under the lock, and gives it back.
func (t *turn) end() {
	if t.n > 0 {
		t.srv.counters.batches.Add(1)
		t.srv.counters.requests.Add(int64(t.n))
	}
	t.e.End()
	t.e = nil
	if t.stuck {
		runtime.Gosched() // the next turn comes at once
	}
}

// execute executes the requests of the first session of rest, appends their
// replies to its output, and reports whether the turn may go on.
func (t *turn) execute(rest []*session) bool {
	s, cfg := rest[0], &t.srv.cfg
	w := s.work
	first := w.next
	for !w.executed() && len(w.out.b) < cfg.maxBatchBytes {
		if t.n >= cfg.maxBatchRequests || t.bytes >= cfg.maxBatchBytes {
			s.requests.Add(int64(w.next - first))
			return false
		}
		// One step for all sessions: a turn is not to last the longer the more
		// of them wait.
		if w.calls[w.next].counts() && (t.stuck || !t.e.Settle()) {
			t.stuck = true
			break
		}
		if t.ahead == 0 {
			t.announce(rest)
		}
		t.ahead--
		c, reply := &w.calls[w.next], len(w.out.b)
		w.dispatch.execute(t.e, c, t.n, w.out)
		t.srv.calls.add(c.op, w.out.b[reply:])
		t.bytes += len(w.out.b) - reply
		t.n++
		w.next++
	}
	s.requests.Add(int64(w.next - first))
	if !w.executed() {
		t.ahead = 0 // what was announced is not what comes next
	}
	return true
}

// announce tells the engine the keys of the requests that come next.
func (t *turn) announce(rest []*session) {
	keys := t.keys[:0]
	for _, s := range rest {
		for i := s.work.next; i < len(s.work.calls) && t.ahead < touchAhead; i++ {
			if key := s.work.calls[i].args.Key; key != nil {
				keys = append(keys, key)
			}
			t.ahead++
		}
		if t.ahead == touchAhead {
			break
		}
	}
	if len(keys) > 1 { // one alone has nobody to wait with
		t.e.Touch(keys)
	}
	clear(keys)
}
