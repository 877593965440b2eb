package server

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gogibson/gibson/wire"
)

const us = time.Microsecond

// A wait of a loop: its next event comes after event, and a poll sees it when
// the processor is there again, after busy.
type wait struct{ event, busy time.Duration }

// poller plays the waits of a loop.
type poller struct {
	busyPoll
	now, polled int64 // ns; polled is the sum of all polls
}

func newPoller() *poller { return &poller{busyPoll: busyPoll{limit: int64(DefaultBusyPoll)}} }

// play plays a wait and reports whether a poll found its event in time.
func (p *poller) play(w wait) bool {
	start, event := p.now, p.now+int64(w.event)
	p.now = event
	if !p.due(start) {
		return false
	}
	end := max(min(event, start+p.limit), start+int64(w.busy))
	p.account(start, end)
	p.polled += end - start
	p.now = max(event, end)
	return end >= event && end-start < p.limit
}

// share plays waits in turns for a minute, and returns which part of the time
// went into polls, and which part of the waits ended with one in time.
func (p *poller) share(waits ...wait) (polled, found float64) {
	start, before, n := p.now, p.polled, 0
	for ; p.now < start+int64(time.Minute); n++ {
		if p.play(waits[n%len(waits)]) {
			found++
		}
	}
	return float64(p.polled-before) / float64(p.now-start), found / float64(n)
}

// TestBusyPollForQuickClients: requests that come soon, on the average, are
// waited for awake, though some come late.
func TestBusyPollForQuickClients(t *testing.T) {
	quick, late := wait{event: 30 * us}, wait{event: time.Second}
	for name, c := range map[string]struct {
		waits []wait
		found float64 // of all waits, at least
	}{
		"always":           {[]wait{quick}, 1},
		"a pause at times": {[]wait{quick, quick, quick, quick, quick, late}, 5. / 6},
		"late ones, too":   {[]wait{quick, {event: 160 * us}}, 1},
		"just soon enough": {[]wait{{event: 99 * us}}, 1},
		"held up at times": {append(many(quick, 99), wait{30 * us, 300 * us}), 0.99},
	} {
		if _, found := newPoller().share(c.waits...); found < c.found-0.001 {
			t.Errorf("%s: %.3f of the waits ended with a poll, want %.3f", name, found, c.found)
		}
	}
}

// many returns n of w.
func many(w wait, n int) []wait {
	var all []wait
	for range n {
		all = append(all, w)
	}
	return all
}

// TestBusyPollSparesTheProcessor: where polls find nothing, or not soon, next
// to no time goes into them.
func TestBusyPollSparesTheProcessor(t *testing.T) {
	quick := wait{event: 30 * us}
	for name, waits := range map[string][]wait{
		"rare":                    {{event: time.Millisecond}},
		"not soon enough":         {{event: 101 * us}},
		"too many late":           {quick, {event: 180 * us}, {event: time.Millisecond}},
		"others run":              {{30 * us, 3 * time.Millisecond}},
		"others run now and then": append(many(quick, 9), wait{30 * us, 3 * time.Millisecond}),
	} {
		p := newPoller()
		if polled, _ := p.share(waits...); polled > 0.01 || polled == 0 {
			t.Errorf("%s: %.4f of the time went into polls, want something up to 0.01", name, polled)
		}
	}
}

// TestBusyPollEndsAndComesBack: a client that becomes slow is soon waited for
// asleep, and one that becomes quick is waited for awake within a second. What
// was long ago makes no difference.
func TestBusyPollEndsAndComesBack(t *testing.T) {
	p := newPoller()
	for range 3 {
		p.share(wait{event: 30 * us})
		before := p.polled
		for p.balance > 0 {
			p.play(wait{event: time.Millisecond})
		}
		if lost := time.Duration(p.polled - before); lost > 16*DefaultBusyPoll {
			t.Fatalf("%v of polls until the client was known to be slow", lost)
		}
		if pause := time.Duration(p.until - p.now); pause > 50*DefaultBusyPoll {
			t.Fatalf("the first try is after %v", pause)
		}
		p.share(wait{event: time.Millisecond})
		for start := p.now; !p.play(wait{event: 30 * us}); {
			if p.now-start > int64(time.Second) {
				t.Fatal("no poll for a quick client within a second")
			}
		}
	}
}

// TestBusyPollLimit: what a Server's field means.
func TestBusyPollLimit(t *testing.T) {
	for _, c := range []struct {
		field      time.Duration
		processors int
		quota      float64
		want       time.Duration
	}{
		{0, 2, 0, DefaultBusyPoll},
		{0, 2, 2, DefaultBusyPoll},
		{0, 2, 1.5, 0},
		{0, 1, 0, 0},
		{50 * us, 64, 0, 50 * us},
		{50 * us, 2, 0.5, 50 * us},
		{50 * us, 1, 0, 0},
		{-1, 2, 0, 0},
	} {
		if got := busyPollLimit(c.field, c.processors, c.quota); got != int64(c.want) {
			t.Errorf("%v, %d processors, quota %v: %v, want %v", c.field, c.processors, c.quota, time.Duration(got), c.want)
		}
	}
}

// TestLoopPolls: a loop with nothing to do polls if it may.
func TestLoopPolls(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("one processor: no loop polls")
	}
	never, may := &Server{BusyPoll: -1}, &Server{BusyPoll: MaxBusyPoll}
	for _, srv := range []*Server{never, may} {
		c := dial(t, looped(t, srv))
		for range 100 { // the loop waits before each of them
			c.send(req(wire.OpPing, ""))
			c.want("OK")
		}
	}
	if d := never.Stats().BusyPoll; d != 0 {
		t.Errorf("%v of polls, want none", d)
	}
	if may.Stats().BusyPoll == 0 {
		t.Error("no polls")
	}
}

// TestOneLoopPolls: a busy poll ends with an event, and while a loop of a
// server is in one no other loop begins one.
func TestOneLoopPolls(t *testing.T) {
	srv := &Server{}
	srv.cfg.busyPoll = int64(10 * time.Second)
	polls, sleeps := newLoop(srv), newLoop(srv)
	for _, l := range []*loop{polls, sleeps} {
		if !l.open() {
			t.Fatal("no epoll set")
		}
		defer l.close()
	}
	idle := busyPoll{limit: int64(time.Millisecond)}
	sleeps.busyPoll = idle
	events := make(chan int, 1)
	go func() { events <- polls.pollBusily() }()
	for !srv.loops.polling.Load() {
		select {
		case n := <-events:
			t.Fatalf("the poll ended with %d events", n)
		default:
			runtime.Gosched()
		}
	}
	if n := sleeps.pollBusily(); n != 0 || sleeps.busyPoll != idle {
		t.Errorf("the other loop polled: %d events, %+v", n, sleeps.busyPoll)
	}
	if _, err := unix.Write(polls.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		t.Error(err)
	}
	if n := <-events; n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	if srv.loops.polling.Load() {
		t.Error("polls go on")
	}
	if polls.busyPoll.balance == 0 {
		t.Error("the poll was not accounted for")
	}
}
