package integration

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A client takes part in a script.
type client interface {
	// do executes one request and returns its reply as raw bytes, whatever
	// lies between the test and the cache.
	do(t testing.TB, r request) outcome
}

// A world is one way to reach a Gibson: the cache itself, or a server.
type world interface {
	// client returns client number n, a new one where the script has not used
	// it before.
	client(t testing.TB, n int) client
	// advance moves the clock.
	advance(d time.Duration)
	// now is the time of day by the world's clock.
	now() time.Time
	// start is when the script began, by the world's clock.
	start() time.Time
	// slack is how many seconds a time may be off: 0 unless the clock is the
	// real one.
	slack() int64
	// stop ends the server and reports whether its socket file is still there.
	stop(t testing.TB) (left bool)
}

// A player runs one script in one world.
type player struct {
	t testing.TB
	w world
	// expect returns what a step expects; nil means what the script says.
	expect func(i int, st step) string
	// outcomes collects what each step really gave.
	outcomes [][]outcome
	figures  map[string]string // of the last "stats"
}

// play runs every step of s and fails the test for each that differs.
func (p *player) play(s *script) {
	p.t.Helper()
	p.outcomes = make([][]outcome, len(s.steps))
	used := map[int]bool{}
	for i, st := range s.steps {
		if p.expect != nil && st.expect != "" {
			st.expect = p.expect(i, st)
		}
		for n := st.from; n <= st.to; n++ {
			used[st.client(n)] = true
		}
		p.step(i, st)
		if p.t.Failed() && st.looped() {
			return
		}
	}
	for n := range used {
		p.nothingLeft(n)
	}
}

// nothingLeft checks that the server sent no byte that was not expected: the
// next thing on a connection that is still open is the answer to a PING.
func (p *player) nothingLeft(n int) {
	p.t.Helper()
	c, ok := p.w.client(p.t, n).(*wireClient)
	if !ok || c.conn == nil || p.t.Failed() {
		return
	}
	if got := c.do(p.t, request{op: opcodes["PING"]}); got.event == "" && got.String() != (outcome{raw: codeReply("OK")}).String() {
		p.t.Errorf("client %d: unexpected bytes after the last reply: %v", n, got)
	}
}

// step runs one step, as often as it says.
func (p *player) step(i int, st step) {
	p.t.Helper()
	switch {
	case st.until != "":
		p.until(i, st)
	case st.looped():
		for n := st.from; n <= st.to && !p.t.Failed(); n++ {
			one := st
			one.who, one.arg, one.expect = number(st.who, n), number(st.arg, n), number(st.expect, n)
			one.from, one.to = 0, 0
			p.once(i, one)
		}
	default:
		p.once(i, st)
	}
}

// until repeats a request until the reply that ends the loop.
func (p *player) until(i int, st step) {
	p.t.Helper()
	last, err := parseExpectations(st.until)
	if err != nil || len(last) != 1 {
		p.t.Fatalf("%s: until: %v", st.where, err)
	}
	c := p.w.client(p.t, st.client(0))
	for n := range st.to + 1 {
		r, err := parseRequest(number(st.arg, n))
		if err != nil {
			p.t.Fatalf("%s: %v", st.where, err)
		}
		got := c.do(p.t, r)
		if last[0].match(got, p.w.start(), p.w.slack()) {
			if n < st.from {
				p.t.Errorf("%s: %s came after %d requests already, want at least %d", st.where, st.until, n, st.from)
			}
			return
		}
		p.compare(i, st, parsed(p.t, st, number(st.expect, n)), []outcome{got})
		if p.t.Failed() {
			return
		}
	}
	p.t.Errorf("%s: no %s after %d requests", st.where, st.until, st.to)
}

// parsed reads a step's expectations.
func parsed(t testing.TB, st step, s string) []expectation {
	t.Helper()
	want, err := parseExpectations(s)
	if err != nil {
		t.Fatalf("%s: %v", st.where, err)
	}
	return want
}

// once runs a step that is not a loop.
func (p *player) once(i int, st step) {
	p.t.Helper()
	switch st.verb {
	case "advance", "align":
		d, err := time.ParseDuration(st.arg)
		if err != nil {
			p.t.Fatalf("%s: %v", st.where, err)
		}
		if st.verb == "align" {
			d = (d - time.Duration(p.w.now().Nanosecond()) + time.Second) % time.Second
		}
		p.w.advance(d)
		return
	case "stop":
		got := outcome{event: eventRemoved}
		if p.w.stop(p.t) {
			got.event = eventLeft
		}
		p.compare(i, st, parsed(p.t, st, st.expect), []outcome{got})
		return
	}
	c := p.w.client(p.t, st.client(0))
	if st.verb == "stats" {
		p.stats(st, c)
		return
	}
	if st.verb == "request" {
		r, err := parseRequest(st.arg)
		if err != nil {
			p.t.Fatalf("%s: %v", st.where, err)
		}
		got := []outcome{c.do(p.t, r)}
		want := parsed(p.t, st, st.expect)
		if w, ok := c.(*wireClient); ok && len(want) > 1 {
			got = append(got, p.read(w, want[1:])...)
		}
		p.compare(i, st, want, got)
		return
	}
	w, ok := c.(*wireClient)
	if !ok {
		p.t.Fatalf("%s: %s needs a connection: restrict the case with \"modes wire\"", st.where, st.verb)
	}
	p.wire(i, st, w)
}

// wire runs a step that only a connection understands.
func (p *player) wire(i int, st step, c *wireClient) {
	p.t.Helper()
	if st.verb == "hangup" || st.verb == "dial" || st.verb == "poll" {
		c.hangup()
	}
	if st.verb == "hangup" {
		return
	}
	if err := c.open(); err != nil {
		if st.expect != "" {
			p.compare(i, st, parsed(p.t, st, st.expect), []outcome{{event: eventCrash}})
		}
		return
	}
	switch st.verb {
	case "write":
		c.write(p.bytes(st, st.arg))
	case "shut":
		c.shut()
	case "read":
		want := parsed(p.t, st, st.expect)
		p.compare(i, st, want, p.read(c, want))
	case "cut":
		at, rest, _ := strings.Cut(st.arg, " ")
		p.pieces(st, c, at, p.bytes(st, rest))
		want := parsed(p.t, st, st.expect)
		p.compare(i, st, want, p.read(c, want))
	case "whole":
		c.write(p.bytes(st, st.arg))
		p.compare(i, st, parsed(p.t, st, st.expect), []outcome{c.readOnce()})
	case "poll":
		p.poll(i, st, c)
	case "storm":
		p.storm(st, c)
	}
}

// bytes returns what a step sends.
func (p *player) bytes(st step, s string) []byte {
	p.t.Helper()
	b, err := parseBytes(s)
	if err != nil {
		p.t.Fatalf("%s: %v", st.where, err)
	}
	return b
}

// pieces writes b cut before the bytes at.
func (p *player) pieces(st step, c *wireClient, at string, b []byte) {
	p.t.Helper()
	from := 0
	for s := range strings.SplitSeq(at, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < from || n > len(b) {
			p.t.Fatalf("%s: bad cut %q", st.where, at)
		}
		c.write(b[from:n])
		from = n
	}
	c.write(b[from:])
}

// read reads as many replies as are wanted, fewer if the connection ends.
func (p *player) read(c *wireClient, want []expectation) []outcome {
	var got []outcome
	for _, e := range want {
		silence := hangGuard
		if e.event == eventSilent {
			silence = time.Second
		}
		o := c.read(silence)
		got = append(got, o)
		if o.event != "" {
			break
		}
	}
	return got
}

// poll connects and asks until the answer is the one wanted.
func (p *player) poll(i int, st step, c *wireClient) {
	p.t.Helper()
	want := parsed(p.t, st, st.expect)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for guard := time.After(hangGuard); ; {
		c.write(p.bytes(st, st.arg))
		if got := c.read(hangGuard); want[0].match(got, p.w.start(), p.w.slack()) {
			p.outcomes[i] = []outcome{got}
			return
		}
		select {
		case <-guard:
			p.t.Fatalf("%s: never %s", st.where, st.expect)
		case <-tick.C:
		}
		c.hangup()
		if err := c.open(); err != nil {
			p.t.Fatalf("%s: %v", st.where, err)
		}
	}
}

// storm opens connections that send something and are gone at once.
func (p *player) storm(st step, c *wireClient) {
	p.t.Helper()
	count, rest, _ := strings.Cut(st.arg, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		p.t.Fatalf("%s: %v", st.where, err)
	}
	if raceEnabled {
		n /= 10 // every byte costs a multiple then
	}
	rest, growing := strings.CutPrefix(rest, "part ")
	b := p.bytes(st, rest)
	for i := range n {
		conn, err := c.dial()
		if err != nil {
			return // the server is gone, which the next step tells
		}
		size := len(b)
		if growing {
			size = 4 + (len(b)-4)*i/n
		}
		_, _ = conn.Write(b[:size])
		_ = conn.Close()
	}
}

// compare fails the test where got is not what a step wanted.
func (p *player) compare(i int, st step, want []expectation, got []outcome) {
	p.t.Helper()
	p.outcomes[i] = append(p.outcomes[i], got...)
	what := shorten(st.arg) // with the number of the pass, if it is a loop
	if what == "" {
		what = st.text
	}
	for n, e := range want {
		if n >= len(got) {
			p.t.Errorf("%s: %s: no reply %d, want %s", st.where, what, n+1, shorten(e.text))
			return
		}
		if got[n].event == eventSilent && e.event != eventSilent {
			p.t.Fatalf("%s: %s: no answer, want %s", st.where, what, shorten(e.text))
		}
		if !e.match(got[n], p.w.start(), p.w.slack()) {
			p.t.Errorf("%s: %s: got %v, want %s", st.where, what, got[n], shorten(e.text))
			return
		}
	}
}

// shorten keeps failure messages readable.
func shorten(s string) string {
	if len(s) > 120 {
		return s[:120] + fmt.Sprintf("... (%d characters)", len(s))
	}
	return s
}

// runsIn reports whether a script is meant for a mode.
func (s *script) runsIn(mode string) bool {
	return len(s.modes) == 0 || slices.Contains(s.modes, mode)
}
