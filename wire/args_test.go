package wire_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// result is what a payload is expected to parse into, in a form that tables
// can hold.
type result struct {
	key, value string
	number     int64
	nan        bool
	bad        bool // ErrShape
}

func parse(shape wire.Shape, payload string, lim wire.Limits) result {
	a, err := wire.ParseArgs(shape, []byte(payload), lim)
	if err != nil {
		return result{bad: errors.Is(err, wire.ErrShape)}
	}
	return result{key: string(a.Key), value: string(a.Value), number: a.Number, nan: a.NumberErr}
}

var bad = result{bad: true}

func TestParseArgs(t *testing.T) {
	tests := []struct {
		shape wire.Shape
		args  map[string]result
	}{
		{wire.ShapeNone, map[string]result{
			"": {}, " ": {}, "hello there": {},
		}},
		{wire.ShapeKey, map[string]result{
			"k": {key: "k"},
			// What follows the key is ignored.
			"k ": {key: "k"}, "k junk more": {key: "k"}, "k 5": {key: "k"}, "k  ": {key: "k"},
			// Any byte but the space.
			"k8\x00b": {key: "k8\x00b"}, "\x00": {key: "\x00"}, "\xff\n\t": {key: "\xff\n\t"},
			"": bad, " ": bad, " k": bad, "  ": bad,
		}},
		{wire.ShapeKeyNumber, map[string]result{
			"k 5": {key: "k", number: 5}, "k -5": {key: "k", number: -5}, "k 0": {key: "k"},
			"k 007": {key: "k", number: 7}, "k -0": {key: "k"}, "k 99999": {key: "k", number: 99999},
			"k 9223372036854775807":  {key: "k", number: math.MaxInt64},
			"k -9223372036854775808": {key: "k", number: math.MinInt64},
			// The whole rest is the number.
			"k abc": {key: "k", nan: true}, "k 0abc": {key: "k", nan: true}, "k 5 6": {key: "k", nan: true},
			"k 5 ": {key: "k", nan: true}, "k  5": {key: "k", nan: true}, "k  ": {key: "k", nan: true},
			"k +5": {key: "k", nan: true}, "k 0x10": {key: "k", nan: true}, "k 1.5": {key: "k", nan: true},
			"k -": {key: "k", nan: true}, "k 9223372036854775808": {key: "k", nan: true},
			"": bad, " ": bad, "k": bad, "k ": bad, " 5": bad, " k 5": bad,
		}},
		{wire.ShapeSet, map[string]result{
			"0 k v":       {key: "k", value: "v"},
			"60 k a b  c": {number: 60, key: "k", value: "a b  c"},
			"0 k  lead":   {key: "k", value: " lead"}, "0 k v ": {key: "k", value: "v "},
			"0 k  ": {key: "k", value: " "}, "0 k \x00\xff\x00": {key: "k", value: "\x00\xff\x00"},
			"0 k\x00b v": {key: "k\x00b", value: "v"},
			"-5 k v":     {number: -5, key: "k", value: "v"}, "007 k v": {number: 7, key: "k", value: "v"},
			// A number that is none leaves the rest standing: the caller answers NAN.
			"abc k v": {nan: true, key: "k", value: "v"}, "0abc k v": {nan: true, key: "k", value: "v"},
			"0x10 k v": {nan: true, key: "k", value: "v"}, "- k v": {nan: true, key: "k", value: "v"},
			"+5 k v": {nan: true, key: "k", value: "v"}, "1.5 k v": {nan: true, key: "k", value: "v"},
			"99999999999999999999 k v": {nan: true, key: "k", value: "v"},
			"":                         bad, " ": bad, "0": bad, "0 ": bad, "0  ": bad, "0 k": bad, "0 k ": bad,
			"0  k v": bad, "0  v": bad, " k v": bad, " 0 k v": bad,
			// Shape comes before number.
			"abc": bad, "abc k": bad, "abc k ": bad, "abc  k v": bad,
		}},
		{wire.ShapeKeyValue, map[string]result{
			"k v": {key: "k", value: "v"}, "k a b c": {key: "k", value: "a b c"}, "k  ": {key: "k", value: " "},
			"\x00 w": {key: "\x00", value: "w"},
			"":       bad, "k": bad, "k ": bad, " v": bad, " ": bad,
		}},
		{wire.ShapeKeyLimit, map[string]result{
			"k": {key: "k"}, "k 0": {key: "k"}, "k -7": {key: "k", number: -7}, "k 3": {key: "k", number: 3},
			"k x": {key: "k", nan: true}, "k 1x": {key: "k", nan: true}, "k 0x": {key: "k", nan: true},
			"k 2 junk": {key: "k", nan: true}, "k  2": {key: "k", nan: true},
			"": bad, " ": bad, " 1": bad, "k ": bad,
		}},
		{wire.ShapeKeyField, map[string]result{
			"k size": {key: "k", value: "size"}, "k size junk": {key: "k", value: "size"},
			"k size ": {key: "k", value: "size"}, "k SIZE": {key: "k", value: "SIZE"}, "k s": {key: "k", value: "s"},
			"": bad, " ": bad, "k": bad, "k ": bad, "k  size": bad, "k  ": bad, " size": bad,
		}},
		{wire.Shape(200), map[string]result{"": bad, "k": bad, "k v": bad}},
	}
	for _, tc := range tests {
		for payload, want := range tc.args {
			if got := parse(tc.shape, payload, wire.Limits{}); got != want {
				t.Errorf("ParseArgs(%v, %q) = %+v, want %+v", tc.shape, payload, got, want)
			}
		}
	}
}

func TestParseArgsLimits(t *testing.T) {
	key := func(n int) string { return strings.Repeat("k", n) }
	small := wire.Limits{MaxKeySize: 3, MaxValueSize: 4}
	tests := []struct {
		shape   wire.Shape
		payload string
		lim     wire.Limits
		bad     bool
	}{
		{wire.ShapeKey, "kkk", small, false},
		{wire.ShapeKey, "kkkk", small, true},
		{wire.ShapeKey, "kkk junk", small, false},
		{wire.ShapeKeyNumber, "kkkk 5", small, true},
		{wire.ShapeKeyLimit, "kkkk", small, true},
		{wire.ShapeKeyField, "kkkk size", small, true},
		{wire.ShapeKeyField, "kkk encoding", small, false}, // a field has no limit of its own
		{wire.ShapeSet, "3600 kkk vvvv", small, false},     // each argument has its own limit
		{wire.ShapeSet, "3600 kkkk v", small, true},
		{wire.ShapeSet, "0 k vvvvv", small, true},
		{wire.ShapeSet, "x k vvvvv", small, true}, // shape before number
		{wire.ShapeKeyValue, "kkk vvvv", small, false},
		{wire.ShapeKeyValue, "kkkk v", small, true},
		{wire.ShapeKeyValue, "k v v v", small, true},

		{wire.ShapeKey, key(1024), wire.Limits{}, false},
		{wire.ShapeKey, key(1025), wire.Limits{}, true},
		{wire.ShapeKey, key(1025), wire.Limits{MaxKeySize: -1}, true},
		{wire.ShapeKey, key(1 << 20), wire.Limits{MaxKeySize: 1 << 20}, false},
		{wire.ShapeSet, "0 " + key(1024) + " v", wire.Limits{}, false},
		{wire.ShapeSet, "0 " + key(1025) + " v", wire.Limits{}, true},
		{wire.ShapeSet, "0 k " + strings.Repeat("v", 2096127), wire.Limits{}, false},
		{wire.ShapeSet, "0 k " + strings.Repeat("v", 2096128), wire.Limits{}, true},
	}
	for _, tc := range tests {
		if got := parse(tc.shape, tc.payload, tc.lim); got.bad != tc.bad {
			t.Errorf("ParseArgs(%v, %.20q of %d bytes, %+v): malformed = %v, want %v",
				tc.shape, tc.payload, len(tc.payload), tc.lim, got.bad, tc.bad)
		}
	}
}

// Every byte but the space may stand in a key, in a field and in a value.
func TestParseArgsBytes(t *testing.T) {
	for c := range 256 {
		if c == ' ' {
			continue
		}
		name := "k" + string([]byte{byte(c)}) + "b"
		if got, want := parse(wire.ShapeKeyField, name+" "+name, wire.Limits{}), (result{key: name, value: name}); got != want {
			t.Errorf("byte %#02x: %+v, want %+v", c, got, want)
		}
	}
}

// Appending to an argument must not reach into the next one.
func TestParseArgsAlias(t *testing.T) {
	payload := []byte("60 key value")
	a, err := wire.ParseArgs(wire.ShapeSet, payload, wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if &a.Key[0] != &payload[3] || &a.Value[0] != &payload[7] {
		t.Error("arguments were copied, want slices of the payload")
	}
	_ = append(a.Key, "!!!"...)
	if !bytes.Equal(payload, []byte("60 key value")) {
		t.Errorf("append to the key changed the payload to %q", payload)
	}
}

func TestParseArgsDoesNotAllocate(t *testing.T) {
	for _, c := range wire.Commands() {
		for _, payload := range [][]byte{[]byte(c.Example), {}, []byte("x"), []byte("x x x")} {
			mustNotAllocate(t, c.Name, func() { _, _ = wire.ParseArgs(c.Shape, payload, wire.Limits{}) })
		}
	}
}

func BenchmarkParseArgs(b *testing.B) {
	val := strings.Repeat("v", 100)
	for _, bc := range []struct {
		name    string
		shape   wire.Shape
		payload string
	}{
		{"Get", wire.ShapeKey, "app:user:00001234:profile"},
		{"Set", wire.ShapeSet, "0 app:user:00001234:profile " + val},
		{"TTL", wire.ShapeKeyNumber, "app:user:00001234:profile 86400"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			payload := []byte(bc.payload)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := wire.ParseArgs(bc.shape, payload, wire.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
