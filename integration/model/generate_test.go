package model

import (
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// A step is one thing that happens in a conversation.
type step struct {
	kind    kind
	conn    uint8 // which client; embedded, which way in
	op      uint16
	payload string
	after   time.Duration // how far the clock moves, or the time of day jumps
}

type kind uint8

const (
	request  kind = iota // op and payload
	held                 // a request, of which a part arrives only with the client's next one
	badLen               // a length field out of range, number op of badLengths: the connection is lost
	advance              // the clock moves by after
	deadline             // the clock moves to where the next life or lock ends, and by after beyond or before it
	jump                 // the time of day jumps by after, forward or back, and 1.5 seconds pass
)

// source is where choices come from: a seeded generator, or rapid.
type source interface {
	// below returns a number from 0 to n-1.
	below(n int) int
}

// seeded is the fast source.
type seeded struct{ *rand.Rand }

func newSeeded(seed, stream uint64) seeded { return seeded{rand.New(rand.NewPCG(seed, stream))} }

func (s seeded) below(n int) int { return s.IntN(n) }

// surelyPacked is the length from which a text of one byte over and over is
// made smaller by every algorithm; from the threshold up to there none is made.
const surelyPacked = 64

// noise is bytes that nothing compresses.
var noise = func() string {
	r := newSeeded(1, 2)
	b := make([]byte, 8192)
	for i := range b {
		b[i] = byte(r.below(256))
	}
	return string(b)
}()

// generator makes the steps of one conversation. It looks for trouble: keys that
// are the beginnings of others, times at which something ends, sizes at limits.
type generator struct {
	source
	limits
	wire  bool     // what only a connection can say, too
	style int      // of the keys
	pool  []string // the keys, which meet again and again
	buf   []byte
}

// newGenerator draws the limits and keys of a conversation.
func newGenerator(src source, wire bool) *generator {
	g := &generator{source: src, wire: wire, style: src.below(6)}
	g.maxKey = []int{8, 40, 300}[src.below(3)]
	g.maxValue = []int{60, 400, 3000}[src.below(3)]
	g.compression = []int{30, 100, 1000}[src.below(3)]
	g.maxTTL = []int64{100, 70_000, 2_592_000}[src.below(3)] // the second is above 16 bits
	if src.below(3) == 0 {
		g.maxItems = 1 + src.below(20)
		g.evicts = src.below(2) == 0
		g.lru = g.evicts && src.below(2) == 0
	}
	if wire {
		g.maxRequest = []int{0, 100, 1000}[src.below(3)]
		g.maxResponse = []int{200, 4096}[src.below(2)]
	}
	keys := []int{3, 10, 25, 60, 200}[src.below(5)]
	for range keys {
		g.pool = append(g.pool, g.newKey())
	}
	return g
}

// newKey makes a key of the conversation's style.
func (g *generator) newKey() string {
	b := g.buf[:0]
	switch g.style {
	case 0: // a dense tree of few bytes, the smallest and the largest among them
		for range 1 + g.below(min(5, g.maxKey)) {
			b = append(b, "ab\x00\xff"[g.below(4)])
		}
	case 1: // a chain: each the beginning of all that are longer
		b = append(b, strings.Repeat("a", 1+g.below(g.maxKey))...)
	case 2: // names
		for i := range 1 + g.below(3) {
			if i > 0 {
				b = append(b, ':')
			}
			b = append(b, []string{"u", "us", "user", "1", "12", "123", "name"}[g.below(7)]...)
		}
	case 3: // a long common beginning, left anywhere
		b = append(b, strings.Repeat("common", 50)[:g.below(max(g.maxKey-4, 1))]...)
		for range 1 + g.below(3) {
			b = append(b, "co\x00\xff"[g.below(4)])
		}
	case 4: // every first byte but the space
		b = append(b, byte(g.below(256)))
		if b[0] == ' ' {
			b[0] = '!'
		}
		for range g.below(3) {
			b = append(b, byte('0'+g.below(10)))
		}
	case 5: // numbers of a fixed width, as ids are
		n := g.below(300)
		b = append(b, 'i', 'd', byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10))
	}
	g.buf = b
	return string(b[:min(len(b), g.maxKey)])
}

// key returns a key: mostly one of the pool, now and then one beside it.
func (g *generator) key() string {
	k := g.pool[g.below(len(g.pool))]
	switch g.below(40) {
	case 0:
		return g.newKey()
	case 1:
		return k[:1+g.below(len(k))]
	case 2:
		return k + "\x00"
	case 3:
		return k + "\xff"
	case 4:
		if g.below(4) == 0 {
			return ""
		}
	case 5:
		return k + strings.Repeat("k", g.maxKey-min(len(k), g.maxKey)+g.below(2)) // as long as may be, or one more
	}
	return k
}

// prefix returns a prefix: the beginning of a key, or a whole one.
func (g *generator) prefix() string {
	k := g.key()
	switch {
	case k == "", g.below(3) == 0:
		return k
	case g.below(4) == 0:
		return k[:1]
	}
	return k[:1+g.below(len(k))]
}

var (
	seconds = []string{
		"0", "1", "1", "1", "2", "2", "3", "5", "60", "99", "100", "101", "-1", "-1", "-2", "007", "-0", "65537", "40000", "70000", "70001", "2592000", "2592001",
		"9223372036854775807", "9223372036854775", "-9223372036854775808",
	}
	notNumbers = []string{"x", "+1", "1x", "-", " 1", "1 ", "1 2", "9223372036854775808", "-9223372036854775809", "18446744073709551617", "-36893488147419103233", "", "0x10", "1.5", "--1"}
	fields     = []string{"size", "encoding", "access", "created", "ttl", "left", "lock"}
	notFields  = []string{"left junk", "lock ", " size", "siz", "sizes", "SIZE", "", "\x00"}
	texts      = []string{
		"v", "text", "1", "-7", "0", "007", "9223372036854775807", "9223372036854775806", "-9223372036854775808", "-9223372036854775807",
		"9223372036854775808", "18446744073709551617", "+1", "1.5", "a b  c", " ", "5 ", " 5", "\x00\xff", "-", "-0",
	}
)

func (g *generator) seconds() string {
	if g.below(12) == 0 {
		return notNumbers[g.below(len(notNumbers))]
	}
	return seconds[g.below(len(seconds))]
}

func (g *generator) field() string {
	if g.below(10) == 0 {
		return notFields[g.below(len(notFields))]
	}
	return fields[g.below(len(fields))]
}

// value returns a value: short texts, numbers, sizes at the limits, of bytes
// that are easy to compress or not at all.
func (g *generator) value() string {
	switch g.below(10) {
	default:
		return texts[g.below(len(texts))]
	case 0, 1:
		n := 1 + g.below(g.maxValue)
		return noise[g.below(len(noise)-n):][:n]
	case 2: // around the size at which a value is compressed
		n := min(g.compression-1+g.below(3), g.maxValue)
		return noise[g.below(len(noise)-n):][:n]
	case 3:
		n := g.maxValue - 1 + g.below(3)
		return noise[:n]
	case 4:
		n := 1 + g.below(g.maxValue)
		if n > g.compression && n < surelyPacked {
			n = min(surelyPacked, g.maxValue)
			if n < surelyPacked {
				n = min(g.compression, g.maxValue)
			}
		}
		return strings.Repeat(string("z0"[g.below(2)]), n)
	case 5: // a number that may be stored compressed
		if n := surelyPacked + g.below(40); n <= g.maxValue {
			return strings.Repeat("0", n-1) + string(rune('0'+g.below(10)))
		}
		return "7"
	case 6: // around 1 KiB, above which the engine keeps values apart
		n := min(1000+g.below(50), g.maxValue)
		return noise[g.below(100):][:n]
	}
}

// ops is how often which command is drawn: SET often, or there would be nothing.
var ops = []uint16{
	opSet, opSet, opSet, opSet, opSet, opSet, opSet, opSet, opSet, opSet, opSet, opSet,
	opGet, opGet, opDel, opInc, opInc, opDec, opTTL, opTTL, opLock, opLock, opUnlock, opUnlock, opMeta, opMeta, opMeta, opMeta,
	opMSet, opMTTL, opMGet, opMGet, opMDel, opMInc, opMDec, opMLock, opMUnlock, opMUnlock, opCount, opCount, opKeys, opKeys, opPing, opStats,
}

// request draws a request.
func (g *generator) request() (op uint16, payload string) {
	op = ops[g.below(len(ops))]
	drop := g.below(40) == 0 // the last argument
	cut := g.below(60) == 0  // only the last argument's text
	join := func(args ...string) string {
		if drop {
			args = args[:len(args)-1]
		} else if cut {
			args[len(args)-1] = ""
		}
		return strings.Join(args, " ")
	}
	switch op {
	case opSet:
		return op, join(g.seconds(), g.key(), g.value())
	case opTTL, opLock:
		return op, join(g.key(), g.seconds())
	case opMTTL, opMLock:
		return op, join(g.prefix(), g.seconds())
	case opMGet:
		if g.below(2) == 0 {
			return op, g.prefix()
		}
		return op, join(g.prefix(), g.seconds())
	case opMeta:
		return op, join(g.key(), g.field())
	case opMSet:
		return op, join(g.prefix(), g.value())
	case opPing, opStats:
		if g.below(4) == 0 {
			return op, "junk"
		}
		return op, ""
	case opGet, opDel, opInc, opDec, opUnlock:
		payload = g.key()
	default:
		payload = g.prefix()
	}
	switch g.below(40) {
	case 0:
		payload += " ignored  text"
	case 1:
		payload += " "
	case 2:
		payload = " " + payload
	}
	return op, payload
}

var pauses = []time.Duration{
	300 * time.Microsecond, time.Millisecond, 499 * time.Millisecond, 999 * time.Millisecond, time.Second, time.Second,
	1001 * time.Millisecond, 2 * time.Second, 5 * time.Second, time.Minute, 100 * time.Second, time.Hour, 24 * time.Hour,
}

// badLengths are the length fields out of range.
func (l limits) badLengths() []uint32 {
	return []uint32{0, 1, uint32(l.longest() + 1), 3 << 20, math.MaxUint32}
}

// tooLong reports whether a request's length field is out of range.
func (l limits) tooLong(s step) bool { return 2+len(s.payload) > l.longest() }

// fill makes a request as long as may be, one byte shorter, or one too long.
func (g *generator) fill(payload string) string {
	n := g.maxRequest - 3 + g.below(3)
	if len(payload) >= n {
		return payload
	}
	return payload + " " + strings.Repeat("f", n-len(payload)-1)
}

// step draws the next step.
func (g *generator) step() step {
	switch n := g.below(200); {
	case n < 6:
		return step{kind: advance, after: pauses[g.below(len(pauses))]}
	case n < 14:
		return step{kind: deadline, after: time.Duration(g.below(3)-1) * time.Millisecond}
	case n == 14:
		return step{kind: jump, after: time.Duration(g.below(20001)-10000) * time.Second}
	case n == 15 && g.wire:
		return step{kind: badLen, conn: uint8(g.below(3)), op: uint16(g.below(5))}
	case n == 16 && g.wire:
		return step{conn: uint8(g.below(3)), op: []uint16{opEnd, 0, 22, 99, 256, 65535}[g.below(6)], payload: "x"}
	}
	s := step{conn: uint8(g.below(9) / 4)}
	s.op, s.payload = g.request()
	if g.maxRequest > 0 && g.below(30) == 0 {
		s.payload = g.fill(s.payload)
	}
	// Which item was evicted can be told only if nothing else happens with it.
	if g.wire && !g.evicts && !g.tooLong(s) && g.below(8) == 0 {
		s.kind = held
	}
	return s
}
