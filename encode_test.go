package gibson_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson"
)

func TestEncodeCommand(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []any
		want string // hex
	}{
		{"set", []any{3600, "foo", 3.14}, "0f000000" + "0100" + hex.EncodeToString([]byte("3600 foo 3.14"))},
		{" SeT\t", []any{[]byte("0"), "k", []byte("a b")}, "09000000" + "0100" + hex.EncodeToString([]byte("0 k a b"))},
		{"PING", nil, "02000000" + "1300"},
		{"End", nil, "02000000" + "ff00"},
		{"get", []any{"k\x00\xff"}, "05000000" + "0300" + "6b00ff"},
		{"get", []any{""}, "02000000" + "0300"},
	} {
		got, err := gibson.EncodeCommand(tc.name, tc.args...)
		if err != nil || hex.EncodeToString(got) != tc.want {
			t.Errorf("%q %q: %x, %v, want %s", tc.name, tc.args, got, err, tc.want)
		}
	}
}

func TestEncodeArguments(t *testing.T) {
	type (
		id   uint16
		name string
		raw  []byte
		rate float32
	)
	for _, tc := range []struct {
		arg  any
		want string
	}{
		{int8(-128), "-128"}, {int16(-1), "-1"}, {int32(7), "7"}, {int64(math.MinInt64), "-9223372036854775808"},
		{uint8(255), "255"}, {uint16(1), "1"}, {uint32(2), "2"}, {uint64(math.MaxUint64), "18446744073709551615"},
		{uint(3), "3"}, {uintptr(4), "4"}, {0, "0"},
		{id(9), "9"}, {name("n"), "n"}, {raw("r"), "r"}, {rate(0.1), "0.1"}, {json.RawMessage("{}"), "{}"},

		{3.14, "3.14"}, {1.0, "1.0"}, {0.0, "0.0"}, {math.Copysign(0, -1), "-0.0"}, {-2.0, "-2.0"},
		{0.1, "0.1"}, {1e-4, "0.0001"}, {0.00012, "0.00012"}, {1e-5, "1e-05"}, {9.9e-5, "9.9e-05"},
		{1e15, "1000000000000000.0"}, {9999999999999998.0, "9999999999999998.0"},
		{1e16, "1e+16"}, {1.5e16, "1.5e+16"}, {1e100, "1e+100"}, {-1e-7, "-1e-07"}, {123456.789, "123456.789"},
		{5e-324, "5e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308"},
		{float32(3.14), "3.14"}, {float32(1e-4), "0.0001"}, {float32(1e16), "1e+16"}, {float32(2), "2.0"},

		{time.Duration(0), "0"}, {time.Nanosecond, "1"}, {time.Second, "1"}, {1500 * time.Millisecond, "2"},
		{gibson.Forever, "-1"}, {time.Duration(math.MaxInt64), "9223372037"},
		{netip.MustParseAddr("127.0.0.1"), "\x7f\x00\x00\x01"}, // a BinaryMarshaler
	} {
		got, err := gibson.EncodeCommand("get", tc.arg)
		if err != nil {
			t.Errorf("%T %v: %v", tc.arg, tc.arg, err)
		} else if string(got[6:]) != tc.want {
			t.Errorf("%T %v: %q, want %q", tc.arg, tc.arg, got[6:], tc.want)
		}
	}
}

type failing struct{}

var errFailing = errors.New("does not marshal")

func (failing) MarshalBinary() ([]byte, error) { return nil, errFailing }

func TestEncodeRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		arg  any
		want error
	}{
		{"get", nil, gibson.ErrInvalidArgument},
		{"get", []byte(nil), gibson.ErrInvalidArgument},
		{"get", (*int)(nil), gibson.ErrInvalidArgument},
		{"get", (*failing)(nil), gibson.ErrInvalidArgument},
		{"get", json.RawMessage(nil), gibson.ErrInvalidArgument},
		{"get", math.NaN(), gibson.ErrInvalidArgument},
		{"get", math.Inf(1), gibson.ErrInvalidArgument},
		{"get", float32(math.Inf(-1)), gibson.ErrInvalidArgument},
		{"get", true, gibson.ErrInvalidArgument},
		{"get", 1i, gibson.ErrInvalidArgument},
		{"get", []string{"k"}, gibson.ErrInvalidArgument},
		{"get", new(string), gibson.ErrInvalidArgument},
		{"get", -2 * time.Nanosecond, gibson.ErrInvalidTTL},
		{"get", failing{}, errFailing},
		{"", "k", gibson.ErrUnknownCommand},
		{"gett", "k", gibson.ErrUnknownCommand},
		{"g et", "k", gibson.ErrUnknownCommand},
	} {
		got, err := gibson.EncodeCommand(tc.name, tc.arg)
		if got != nil || !errors.Is(err, tc.want) {
			t.Errorf("%q %T %v: %q, %v, want %v", tc.name, tc.arg, tc.arg, got, err, tc.want)
		}
		var ce *gibson.CommandError
		if !errors.As(err, &ce) || !strings.HasPrefix(err.Error(), "gibson: ") || strings.Count(err.Error(), "gibson: ") != 1 {
			t.Errorf("%q %v: message %q", tc.name, tc.arg, err)
		}
	}
}
