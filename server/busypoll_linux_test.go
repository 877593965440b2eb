package server

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// poller plays the waits of a loop whose next events come at known times.
type poller struct {
	busyPoll
	now, polled int64 // ns; polled is the sum of all polls
}

// wait plays a wait that ends with an event after d, or later if others had
// the processor until then, and reports whether a poll found the event.
func (p *poller) wait(d, until time.Duration) bool {
	start, event := p.now, p.now+int64(d)
	p.now = event
	if !p.due(start) {
		return false
	}
	end := max(min(event, start+p.limit), start+int64(until))
	p.account(start, end)
	p.polled += end - start
	p.now = max(event, end)
	return end >= event && end-start < p.limit
}

func newPoller() *poller { return &poller{busyPoll: busyPoll{limit: int64(DefaultBusyPoll)}} }

const us = time.Microsecond

// TestBusyPollForQuickClients: requests that come at once are waited for
// awake, and a pause now and then does not change that.
func TestBusyPollForQuickClients(t *testing.T) {
	p := newPoller()
	for i := range 10_000 {
		d := 30 * us
		if i%100 == 99 {
			d = time.Second
		}
		if found := p.wait(d, 0); found != (d == 30*us) {
			t.Fatalf("wait %d of %v: found %v", i, d, found)
		}
	}
}

// TestBusyPollSparesTheProcessor: where polls find nothing, or not soon, next
// to no time goes into them.
func TestBusyPollSparesTheProcessor(t *testing.T) {
	for name, load := range map[string]struct {
		wait, until time.Duration
		share       float64 // of the time, at most
	}{
		"slow":                 {time.Millisecond, 0, 0.001},
		"above half the limit": {101 * us, 0, 0.001},
		"others have the CPU":  {30 * us, 3 * time.Millisecond, 0.01},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPoller()
			for p.now < int64(20*time.Second) {
				p.wait(load.wait, load.until)
			}
			if share := float64(p.polled) / float64(p.now); share > load.share {
				t.Errorf("%.4f of the time went into polls, want %.4f", share, load.share)
			}
			if p.polled == 0 {
				t.Error("polls were never tried")
			}
		})
	}
}

// TestBusyPollEndsAndComesBack: a client that becomes slow is soon waited for
// asleep, and one that becomes quick is waited for awake within a second.
func TestBusyPollEndsAndComesBack(t *testing.T) {
	p := newPoller()
	for range 3 {
		for range 100_000 {
			p.wait(30*us, 0)
		}
		if !p.wait(30*us, 0) {
			t.Fatal("no poll for a quick client")
		}
		before := p.polled
		for range 10_000 {
			p.wait(time.Millisecond, 0)
		}
		if lost := p.polled - before; lost > int64(10*time.Millisecond) {
			t.Fatalf("%v of polls until the client was known to be slow, in 10s", time.Duration(lost))
		}
		for start := p.now; !p.wait(30*us, 0); {
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
		want       time.Duration
	}{
		{0, 2, DefaultBusyPoll}, {0, 1, 0}, {50 * us, 64, 50 * us}, {50 * us, 1, 0}, {-1, 2, 0},
	} {
		if got := busyPollLimit(c.field, c.processors); got != int64(c.want) {
			t.Errorf("%v with %d processors: %v, want %v", c.field, c.processors, time.Duration(got), c.want)
		}
	}
	p := &poller{}
	for range 1000 {
		if p.wait(1, 0) {
			t.Fatal("a poll without a limit")
		}
	}
}

// TestOneLoopPolls: a busy poll ends with an event, and while a loop of a
// server is in one no other loop begins one.
func TestOneLoopPolls(t *testing.T) {
	srv := &Server{}
	srv.cfg.busyPoll = int64(time.Hour)
	polls, sleeps := newLoop(srv), newLoop(srv)
	for _, l := range []*loop{polls, sleeps} {
		if !l.open() {
			t.Fatal("no epoll set")
		}
		defer l.close()
	}
	idle := busyPoll{limit: int64(time.Millisecond)}
	sleeps.busyPoll = idle
	events := make(chan int)
	go func() { events <- polls.pollBusily() }()
	for !srv.loops.polling.Load() {
		runtime.Gosched()
	}
	if n := sleeps.pollBusily(); n != 0 || sleeps.busyPoll != idle {
		t.Errorf("the other loop polled: %d events, %+v", n, sleeps.busyPoll)
	}
	if _, err := unix.Write(polls.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
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
