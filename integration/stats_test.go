package integration

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// statKinds are the keys of STATS in order, each with the shape of its value.
var statKinds = [...]struct {
	key  string
	kind string // text, number or decimal
}{
	{"server_version", "text"},
	{"server_build_datetime", "text"},
	{"server_allocator", "text"},
	{"server_arch", "text"},
	{"server_started", "number"},
	{"server_time", "number"},
	{"first_item_seen", "number"},
	{"last_item_seen", "number"},
	{"total_items", "number"},
	{"total_compressed_items", "number"},
	{"total_clients", "number"},
	{"total_cron_done", "number"},
	{"total_connections", "number"},
	{"total_requests", "number"},
	{"item_pool_current_used", "number"},
	{"item_pool_current_capacity", "number"},
	{"item_pool_total_capacity", "number"},
	{"item_pool_object_size", "number"},
	{"item_pool_max_block_size", "number"},
	{"memory_available", "number"},
	{"memory_usable", "number"},
	{"memory_used", "number"},
	{"memory_peak", "number"},
	{"memory_fragmentation", "decimal"},
	{"item_size_avg", "number"},
	{"compr_rate_avg", "number"},
	{"reqs_per_client_avg", "decimal"},
}

var sixDecimals = regexp.MustCompile(`^\d+\.\d{6}$`)

var errPairs = errors.New("not a well-formed reply of pairs")

// parsePairs reads a KVAL reply, strictly: no byte may be missing or left.
func parsePairs(raw []byte) ([]pair, error) {
	if len(raw) < 11 || describe(raw) != "KVAL" || raw[2] != 0 {
		return nil, errPairs
	}
	count, rest := binary.LittleEndian.Uint32(raw[7:]), raw[11:]
	field := func(head int) ([]byte, bool) {
		if len(rest) < head+4 {
			return nil, false
		}
		n := int(binary.LittleEndian.Uint32(rest[head:]))
		if rest = rest[head+4:]; n > len(rest) {
			return nil, false
		}
		b := rest[:n]
		rest = rest[n:]
		return b, true
	}
	var out []pair
	for range count {
		key, ok := field(0)
		if !ok || len(rest) < 1 {
			return nil, errPairs
		}
		enc := rest[0]
		value, ok := field(1)
		if !ok || enc == 1 || enc > 2 || enc == 2 && len(value) != 8 {
			return nil, errPairs
		}
		out = append(out, pair{key, enc, value})
	}
	if len(rest) != 0 {
		return nil, errPairs
	}
	return out, nil
}

// parseStats reads an answer to STATS and checks keys, order and types.
func parseStats(raw []byte) (map[string]string, error) {
	pairs, err := parsePairs(raw)
	if err != nil {
		return nil, err
	}
	if len(pairs) != len(statKinds) {
		return nil, fmt.Errorf("%d pairs, want %d", len(pairs), len(statKinds))
	}
	out := make(map[string]string)
	for i, want := range statKinds {
		p := pairs[i]
		text := string(p.value)
		switch {
		case string(p.key) != want.key:
			return nil, fmt.Errorf("pair %d is %q, want %q", i+1, p.key, want.key)
		case want.kind == "number" && p.encoding != 2, want.kind != "number" && p.encoding != 0:
			return nil, fmt.Errorf("%s has encoding %d, want a %s", want.key, p.encoding, want.kind)
		case want.kind == "decimal" && !sixDecimals.MatchString(text):
			return nil, fmt.Errorf("%s is %q, want six decimals", want.key, text)
		case want.key == "server_arch" && text != "64" && text != "32", text == "" && want.key != "server_build_datetime":
			return nil, fmt.Errorf("%s is %q", want.key, text)
		case want.kind == "number":
			text = strconv.FormatInt(int64(binary.LittleEndian.Uint64(p.value)), 10)
		}
		out[want.key] = text
	}
	return out, nil
}

// A figurer is a client that knows the figures of STATS without the protocol.
type figurer interface {
	figures(t testing.TB) map[string]string
}

// figuresOf asks for STATS.
func figuresOf(t testing.TB, c client) map[string]string {
	t.Helper()
	if f, ok := c.(figurer); ok {
		return f.figures(t)
	}
	got := c.do(t, request{name: "STATS", op: opcodes["STATS"]})
	out, err := parseStats(got.raw)
	if err != nil {
		t.Fatalf("STATS: %v: %v", err, got)
	}
	return out
}

// stats runs a "stats" step: each name must have its value, "+1" and "-1"
// against the last such step, "a..b" in a range, anything else as a text.
func (p *player) stats(st step, c client) {
	p.t.Helper()
	before := p.figures
	p.figures = figuresOf(p.t, c)
	names, want := strings.Fields(st.arg), strings.Fields(st.expect)
	if len(names) != len(want) {
		p.t.Fatalf("%s: %d names, %d values", st.where, len(names), len(want))
	}
	for i, name := range names {
		got, ok := p.figures[name]
		if !ok {
			p.t.Fatalf("%s: no figure %s", st.where, name)
		}
		if err := figureIs(want[i], got, before[name]); err != nil {
			p.t.Errorf("%s: %s is %s, %v", st.where, name, got, err)
		}
	}
}

// figureIs compares one figure with what a script wants.
func figureIs(want, got, before string) error {
	n, err := strconv.ParseInt(got, 10, 64)
	if want[0] == '+' || want[0] == '-' {
		old, err2 := strconv.ParseInt(before, 10, 64)
		by, err3 := strconv.ParseInt(want, 10, 64)
		if err != nil || err2 != nil || err3 != nil || n-old != by {
			return fmt.Errorf("was %s, want %s", before, want)
		}
		return nil
	}
	if lo, hi, ok := strings.Cut(want, ".."); ok {
		a, err2 := strconv.ParseInt(lo, 10, 64)
		b, err3 := strconv.ParseInt(hi, 10, 64)
		if err != nil || err2 != nil || err3 != nil || n < a || n > b {
			return fmt.Errorf("want %s", want)
		}
		return nil
	}
	if got != want {
		return fmt.Errorf("want %s", want)
	}
	return nil
}
