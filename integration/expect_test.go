package integration

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What a connection gave: the raw bytes of one reply, or an event in words.
type outcome struct {
	raw   []byte
	event string // one of the events below, empty for a reply
}

// What may happen to a connection instead of a reply. Our server only ever
// gives CLOSED; the others are on record for the original.
const (
	eventClosed = "CLOSED" // the server ended the connection
	eventReset  = "RESET"  // the same, with what was sent thrown away
	eventSilent = "SILENT" // no reply within a second, the connection still open
	eventCrash  = "CRASH"  // the server is gone
	// What becomes of the socket file of a server that stops.
	eventLeft    = "LEFT"
	eventRemoved = "REMOVED"
	// Only expected, never an outcome: CLOSED or RESET, as chance will have it.
	eventGone = "GONE"
)

func (o outcome) String() string {
	switch {
	case o.event != "":
		return o.event
	case len(o.raw) > 60:
		return fmt.Sprintf("%x.. (%d bytes)", o.raw[:60], len(o.raw))
	}
	return fmt.Sprintf("%x (%s)", o.raw, describe(o.raw))
}

var codeNames = [...]string{"ERR", "NOT_FOUND", "NAN", "MEM", "LOCKED", "OK", "VAL", "KVAL"}

// describe names a reply for a failure message.
func describe(raw []byte) string {
	if len(raw) < 8 || int(raw[0]) >= len(codeNames) || raw[1] != 0 {
		return "malformed"
	}
	name := codeNames[raw[0]]
	switch {
	case name == "VAL" && raw[2] == 2 && len(raw) == 15:
		return fmt.Sprintf("NUM %d", int64(binary.LittleEndian.Uint64(raw[7:])))
	case name == "VAL":
		return fmt.Sprintf("VAL %q", raw[7:])
	}
	return name
}

// An expectation is one item on the right of an arrow.
type expectation struct {
	text  string // as written in the script
	raw   []byte // the exact reply, nil where a kind is expected
	event string
	kind  string        // NUM, TIME, STATS, BYTES or PAIRS
	lo    int64         // NUM, BYTES, PAIRS: range, both ends included
	hi    int64         //
	at    time.Duration // TIME: since the start of the script
}

// parseExpectations reads the items on the right of an arrow.
func parseExpectations(s string) ([]expectation, error) {
	var out []expectation
	for item := range strings.SplitSeq(s, " | ") {
		item = strings.TrimSpace(item)
		count := 1
		if n, rest, ok := strings.Cut(item, "*"); ok {
			if c, err := strconv.Atoi(n); err == nil {
				count, item = c, rest
			}
		}
		e, err := parseExpectation(item)
		if err != nil {
			return nil, err
		}
		for range count {
			out = append(out, e)
		}
	}
	return out, nil
}

func parseExpectation(s string) (expectation, error) {
	e := expectation{text: s}
	word, rest, _ := strings.Cut(s, " ")
	rest = strings.TrimSpace(rest)
	var err error
	switch word {
	case "OK", "ERR", "NOT_FOUND", "NAN", "MEM", "LOCKED":
		e.raw = codeReply(word)
	case eventClosed, eventReset, eventSilent, eventCrash, eventLeft, eventRemoved, eventGone:
		e.event = word
	case "hex":
		e.raw, err = hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
	case "VAL":
		var data []byte
		data, err = unescape(rest)
		e.raw = reply(6, 0, data)
	case "NUM", "BYTES", "PAIRS":
		lo, hi, isRange := strings.Cut(rest, "..")
		if !isRange {
			hi = lo
		}
		if e.lo, err = strconv.ParseInt(lo, 10, 64); err == nil {
			e.hi, err = strconv.ParseInt(hi, 10, 64)
		}
		if e.kind = word; word == "NUM" && !isRange {
			e.raw, e.kind = numberReply(e.lo), ""
		}
	case "TIME":
		e.kind = word
		e.at, err = time.ParseDuration(rest)
	case "STATS":
		e.kind = word
	case "KVAL", "KEYS":
		e.raw, err = pairsReply(word, rest)
	default:
		err = fmt.Errorf("unknown reply")
	}
	if err != nil {
		return e, fmt.Errorf("reply %.40q: %w", s, err)
	}
	return e, nil
}

// reply, numberReply, codeReply and pairsReply write replies down as the
// protocol says, without the code under test.
func reply(code uint16, encoding byte, data []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, code)
	b = append(b, encoding)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func numberReply(n int64) []byte {
	return reply(6, 2, binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

func codeReply(name string) []byte {
	for code, n := range codeNames {
		if n == name {
			return reply(uint16(code), 0, []byte{0})
		}
	}
	panic("no reply code has the name " + name)
}

// pair is one entry of a KVAL reply.
type pair struct {
	key      []byte
	encoding byte
	value    []byte
}

func kvalReply(pairs []pair) []byte {
	data := binary.LittleEndian.AppendUint32(nil, uint32(len(pairs)))
	for _, p := range pairs {
		data = binary.LittleEndian.AppendUint32(data, uint32(len(p.key)))
		data = append(data, p.key...)
		data = append(data, p.encoding)
		data = binary.LittleEndian.AppendUint32(data, uint32(len(p.value)))
		data = append(data, p.value...)
	}
	return reply(7, 0, data)
}

// keysReply returns what KEYS answers for these keys.
func keysReply(keys [][]byte) []byte {
	var pairs []pair
	for i, k := range keys {
		pairs = append(pairs, pair{key: strconv.AppendInt(nil, int64(i), 10), value: k})
	}
	return kvalReply(pairs)
}

// pairsReply reads "KVAL a=x b=#7" and "KEYS a b".
func pairsReply(word, s string) ([]byte, error) {
	var pairs []pair
	var keys [][]byte
	for _, field := range strings.Fields(s) {
		k, v, _ := strings.Cut(field, "=")
		key, err := unescape(k)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
		if digits, ok := strings.CutPrefix(v, "#"); ok {
			n, err := strconv.ParseInt(digits, 10, 64)
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, pair{key, 2, binary.LittleEndian.AppendUint64(nil, uint64(n))})
			continue
		}
		value, err := unescape(v)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{key, 0, value})
	}
	if word == "KEYS" {
		return keysReply(keys), nil
	}
	return kvalReply(pairs), nil
}

// match reports whether o is what was expected, on a script that began at
// start. slack is how many seconds a TIME may be off: none where the clock is
// a test's own.
func (e expectation) match(o outcome, start time.Time, slack int64) bool {
	if e.event == eventGone {
		return o.event == eventClosed || o.event == eventReset
	}
	if e.event != "" || o.event != "" {
		return e.event == o.event
	}
	if e.raw != nil {
		return bytes.Equal(e.raw, o.raw)
	}
	if e.kind == "STATS" {
		_, err := parseStats(o.raw)
		return err == nil
	}
	if e.kind == "BYTES" {
		n := int64(len(o.raw) - 7)
		return n > 0 && bytes.Equal(o.raw[:3], reply(6, 0, nil)[:3]) && e.lo <= n && n <= e.hi
	}
	if e.kind == "PAIRS" {
		pairs, err := parsePairs(o.raw)
		return err == nil && e.lo <= int64(len(pairs)) && int64(len(pairs)) <= e.hi
	}
	if len(o.raw) != 15 || !bytes.Equal(o.raw[:7], numberReply(0)[:7]) {
		return false
	}
	n := int64(binary.LittleEndian.Uint64(o.raw[7:]))
	if e.kind == "TIME" {
		at := start.Add(e.at).Unix()
		return at-slack <= n && n <= at+slack
	}
	return e.lo <= n && n <= e.hi
}
