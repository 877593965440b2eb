package cache

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestIncDec(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text     string // "" for a missing key
		inc, dec int64
		err      error // of both
	}{
		{"", 1, -1, nil},
		{"1", 2, 0, nil},
		{"0", 1, -1, nil},
		{"-3", -2, -4, nil},
		{"-0", 1, -1, nil},
		{"007", 8, 6, nil},
		{strings.Repeat("0", 5000) + "7", 8, 6, nil}, // compressed
		{"12345678", 12345679, 12345677, nil},        // as long as a number
		{"9223372036854775806", math.MaxInt64, math.MaxInt64 - 2, nil},
		{"-9223372036854775807", math.MinInt64 + 2, math.MinInt64, nil},
		{"9223372036854775808", 0, 0, ErrNotANumber},
		{"18446744073709551616", 0, 0, ErrNotANumber},
		{"-", 0, 0, ErrNotANumber},
		{"--1", 0, 0, ErrNotANumber},
		{"+5", 0, 0, ErrNotANumber},
		{" 5", 0, 0, ErrNotANumber},
		{"5 ", 0, 0, ErrNotANumber},
		{"5\n", 0, 0, ErrNotANumber},
		{"5\x00", 0, 0, ErrNotANumber},
		{"1.5", 0, 0, ErrNotANumber},
		{"1e3", 0, 0, ErrNotANumber},
		{"0abc", 0, 0, ErrNotANumber},
		{"abcdefgh", 0, 0, ErrNotANumber},
		{strings.Repeat("a", 5000), 0, 0, ErrNotANumber},
	} {
		for _, cmd := range []struct {
			name string
			one  func(*Cache, string) (int64, error)
			all  func(*Cache, string) (int64, error)
			want int64
		}{
			{"Inc", (*Cache).Inc, (*Cache).MInc, test.inc}, {"Dec", (*Cache).Dec, (*Cache).MDec, test.dec},
		} {
			c, _ := withClock(t, Options{})
			if test.text != "" {
				set(t, c, "one", test.text, 0)
				set(t, c, "all", test.text, 0)
			}
			if n, err := cmd.one(c, "one"); n != cmd.want || !errors.Is(err, test.err) {
				t.Errorf("%s of %.20q = %d, %v, want %d, %v", cmd.name, test.text, n, err, cmd.want, test.err)
			}
			n, err := cmd.all(c, "all")
			if err != nil || (n == 1) != (test.err == nil && test.text != "") {
				t.Errorf("M%s of %.20q = %d, %v", cmd.name, test.text, n, err)
			}
			if test.err != nil {
				want(t, c, "one", test.text)
				want(t, c, "all", test.text)
				continue
			}
			for _, key := range []string{"one", "all"}[:1+n] {
				v, ok, err := c.Value(key)
				if got, isNum := v.Int64(); got != cmd.want || !isNum || !ok || err != nil {
					t.Errorf("%s after %s of %.20q: %v, a number: %v", key, cmd.name, test.text, v, isNum)
				}
				if size, _, _ := c.MetaSize(key); size != 8 {
					t.Errorf("%s after %s of %.20q takes %d bytes, want 8", key, cmd.name, test.text, size)
				}
				if e, _, _ := c.MetaEncoding(key); e != 2 {
					t.Errorf("%s after %s of %.20q has encoding %d, want 2", key, cmd.name, test.text, e)
				}
			}
		}
	}
}

// TestNumbersDoNotWrap: at the ends of the range the value stays.
func TestNumbersDoNotWrap(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text      string
		away, off func(*Cache, string) (int64, error)
		all       func(*Cache, string) (int64, error)
	}{
		{"9223372036854775806", (*Cache).Inc, (*Cache).Dec, (*Cache).MInc},
		{"-9223372036854775807", (*Cache).Dec, (*Cache).Inc, (*Cache).MDec},
	} {
		c, _ := withClock(t, Options{})
		set(t, c, "key", test.text, 0)
		end, err := test.away(c, "key")
		if err != nil || end != math.MaxInt64 && end != math.MinInt64 {
			t.Fatalf("from %s: %d, %v", test.text, end, err)
		}
		if _, err := test.away(c, "key"); err != ErrNotANumber {
			t.Errorf("beyond %d: %v, want %v", end, err, ErrNotANumber)
		}
		if n, err := test.all(c, "key"); n != 0 || err != nil {
			t.Errorf("all beyond %d: %d, %v, want none", end, n, err)
		}
		v, _, _ := c.Value("key")
		if n, _ := v.Int64(); n != end {
			t.Errorf("the value went from %d to %d", end, n)
		}
		if n, err := test.off(c, "key"); err != nil || (n == end) {
			t.Errorf("back from %d: %d, %v", end, n, err)
		}
	}
}

// TestSetMakesTextAgain: a number ends with the next SET.
func TestSetMakesTextAgain(t *testing.T) {
	t.Parallel()
	c, _ := withClock(t, Options{})
	if _, err := c.Inc("key"); err != nil {
		t.Fatal(err)
	}
	set(t, c, "key", "12345678", 0) // the same size as a number
	v, _, err := c.Value("key")
	if v.IsNumber() || v.String() != "12345678" || err != nil {
		t.Errorf("Value = %v, a number: %v, %v", v, v.IsNumber(), err)
	}
	if n, err := c.MSet("key", []byte("87654321")); n != 1 || err != nil {
		t.Errorf("MSet = %d, %v", n, err)
	}
	want(t, c, "key", "87654321")
}
