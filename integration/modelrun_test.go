package integration

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What random requests are made of: few keys, so that they meet, and every
// kind of argument that is handled differently.
var (
	someNames = []string{
		"SET", "SET", "SET", "SET", "GET", "GET", "DEL", "INC", "DEC", "TTL", "TTL", "LOCK", "LOCK", "UNLOCK",
		"META", "META", "META", "META",
		"MSET", "MTTL", "MGET", "MDEL", "MINC", "MDEC", "MLOCK", "MUNLOCK", "COUNT", "KEYS", "PING",
	}
	someKeys = []string{
		"k", "k", "k", "ka", "ka", "ka", "kab", "kab", "kac", "kb", `k\x00`, `k\x00a`, `k\xff`, "l", "la", "kabcdefg",
		"kabcdefgh", "", // too long, and empty
	}
	someNumbers = []string{
		"0", "1", "1", "1", "2", "2", "3", "5", "5", "60", "99", "100", "101", "-1", "-1", "-2", "007", "-0", "9223372036854775807",
		"x", "+1", "1x", "-", `\s1`, `1\s`, "1 2", "9223372036854775808", "",
	}
	someValues = []string{
		"v", "text", "1", "-7", "007", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "+1",
		"a b  c", `\s`, `5\s`, `\x00\xff`, "{0*40}", "{z*40}", "{random*40}", "{z*60}", "{z*61}", "",
	}
	someFields = []string{
		"size", "encoding", "access", "created", "ttl", "left", "lock", "left junk", "lock", "lock", `\ssize`, "siz", "sizes", "SIZE", "",
	}
	someWaits = []time.Duration{
		0, time.Millisecond, 499 * time.Millisecond, 999 * time.Millisecond, time.Second, 1001 * time.Millisecond,
		2 * time.Second, 5 * time.Second, time.Minute, time.Hour,
	}
)

// drawRequest returns a random request in the notation of the scripts.
func drawRequest(rt *rapid.T) string {
	one := func(label string, from []string) string { return rapid.SampledFrom(from).Draw(rt, label) }
	name := one("command", someNames)
	key := one("key", someKeys)
	var args []string
	switch name {
	case "SET":
		args = []string{one("ttl", someNumbers), key, one("value", someValues)}
	case "TTL", "LOCK", "MTTL", "MLOCK", "MGET":
		args = []string{key, one("number", someNumbers)}
	case "META":
		args = []string{key, one("field", someFields)}
	case "MSET":
		args = []string{key, one("value", someValues)}
	case "PING":
	default:
		args = []string{key}
	}
	if n := len(args); n > 0 && rapid.IntRange(0, 19).Draw(rt, "drop an argument") == 0 {
		args = args[:n-1]
	}
	return strings.TrimSpace(name + " " + strings.Join(args, `\s`))
}

// TestModel compares the server with the model on random conversations.
func TestModel(t *testing.T) {
	conf := [][2]string{
		{"max_key_size", "8"}, {"max_value_size", "60"}, {"max_item_ttl", "100"}, {"compression", "30"},
	}
	w := newWorld(t, modeUnix, conf)
	c := w.client(t, 1)
	rapid.Check(t, func(rt *rapid.T) {
		for _, prefix := range []string{"k", "l"} {
			ask(t, c, "MUNLOCK "+prefix)
			ask(t, c, "MDEL "+prefix)
		}
		m := &model{
			elapsed: w.now().Sub(epoch), items: map[string]*modelItem{},
			maxKey: 8, maxValue: 60, maxTTL: 100, compression: 30,
		}
		for range rapid.IntRange(1, 500).Draw(rt, "requests") {
			if d := rapid.SampledFrom(someWaits).Draw(rt, "wait"); d > 0 && rapid.IntRange(0, 3).Draw(rt, "time passes") == 0 {
				w.advance(d)
				m.elapsed += d
			}
			text := drawRequest(rt)
			r, err := parseRequest(text)
			if err != nil {
				rt.Fatal(err)
			}
			want, got := m.do(r), c.do(t, r)
			if want.raw == nil {
				e := expectation{kind: "NUM", lo: want.lo, hi: want.hi}
				if !e.match(got, epoch, 0) {
					rt.Fatalf("%s: got %v, want NUM %d..%d", text, got, want.lo, want.hi)
				}
			} else if !bytes.Equal(want.raw, got.raw) {
				rt.Fatalf("%s: got %v, want %v", text, got, outcome{raw: want.raw})
			}
		}
	})
}
