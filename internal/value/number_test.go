package value_test

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gogibson/gibson/internal/value"
)

var numbers = map[string]int64{
	"0": 0, "1": 1, "-1": -1, "-5": -5, "60": 60, "2592000": 2592000,
	"007": 7, "00": 0, "-0": 0, "-007": -7,
	"9223372036854775806":                         math.MaxInt64 - 1,
	"9223372036854775807":                         math.MaxInt64,
	"-9223372036854775807":                        -math.MaxInt64,
	"-9223372036854775808":                        math.MinInt64,
	strings.Repeat("0", 1000) + "42":              42,
	"-" + strings.Repeat("0", 30) + "9":           -9,
	"0000000000000000000009223372036854775807":    math.MaxInt64,
	"-000000000000000000000009223372036854775808": math.MinInt64,
}

var notNumbers = []string{
	"", "-", "--1", "+5", "+", "5a", "a5", "0abc", "0x10", "1.5", "1e3", ".5", "1_000", "abc",
	" 5", "5 ", "5\n", "5\x00", " ", "5 6", "1-", "-1-", "٣", "5/", "5:",
	"9223372036854775808", "-9223372036854775809",
	"9223372036854775810", "9223372036854775817", "18446744073709551616", "18446744073709551615",
	"-18446744073709551616", "99999999999999999999", "92233720368547758070", "184467440737095516170",
	strings.Repeat("9", 1000),
}

func TestParseInt(t *testing.T) {
	for text, want := range numbers {
		if n, ok := value.ParseInt([]byte(text)); n != want || !ok {
			t.Errorf("ParseInt(%q) = %d, %v, want %d", text, n, ok, want)
		}
	}
	for _, text := range notNumbers {
		if n, ok := value.ParseInt([]byte(text)); n != 0 || ok {
			t.Errorf("ParseInt(%q) = %d, %v, want 0, false", text, n, ok)
		}
	}
}

func TestParseIntDoesNotAllocate(t *testing.T) {
	text := []byte("-9223372036854775808")
	if n := testing.AllocsPerRun(100, func() { _, _ = value.ParseInt(text) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzParseInt(f *testing.F) {
	for text := range numbers {
		f.Add([]byte(text))
	}
	for _, text := range notNumbers {
		f.Add([]byte(text))
	}
	decimal := regexp.MustCompile(`^-?[0-9]+$`)
	f.Fuzz(func(t *testing.T, b []byte) {
		want, err := strconv.ParseInt(string(b), 10, 64)
		wantOK := err == nil && decimal.Match(b) // strconv takes a plus sign, too
		if !wantOK {
			want = 0
		}
		if n, ok := value.ParseInt(b); n != want || ok != wantOK {
			t.Errorf("ParseInt(%q) = %d, %v, want %d, %v", b, n, ok, want, wantOK)
		}
	})
}

func BenchmarkParseInt(b *testing.B) {
	text := []byte("2592000")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := value.ParseInt(text); !ok {
			b.Fatal("not a number")
		}
	}
}
