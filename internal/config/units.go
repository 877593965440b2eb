package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// unit is a suffix of one letter and what it multiplies by.
type unit struct {
	letter byte
	factor int64
}

// sizeUnits and durationUnits go from small to large; the first is what a
// number without a suffix means.
func sizeUnits() []unit {
	return []unit{{'B', 1}, {'K', 1 << 10}, {'M', 1 << 20}, {'G', 1 << 30}}
}

func durationUnits() []unit {
	return []unit{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}}
}

// ParseSize reads a number of bytes: digits and at most one of the letters
// B, K, M or G in either case, where K is 1024 bytes. Without a letter it is
// bytes. Signs, fractions, blanks and anything above an int64 are errors.
func ParseSize(s string) (int64, error) {
	n, ok := parse(s, sizeUnits())
	if !ok {
		return 0, fmt.Errorf("%q is not a size: want digits and B, K, M or G, such as 64M", s)
	}
	return n, nil
}

// FormatSize returns the shortest text that ParseSize reads back as n, such
// as 64M for 67108864. n must not be negative.
func FormatSize(n int64) string { return format(n, sizeUnits(), "") }

// ParseDuration reads a whole number of seconds: digits and at most one of
// the letters s, m, h or d in either case. Without a letter it is seconds.
// Signs, fractions, blanks and anything above a time.Duration are errors.
func ParseDuration(s string) (time.Duration, error) {
	n, ok := parse(s, durationUnits())
	if !ok || n > int64(math.MaxInt64/time.Second) {
		return 0, fmt.Errorf("%q is not a duration: want digits and s, m, h or d, such as 15m", s)
	}
	return time.Duration(n) * time.Second, nil
}

// FormatDuration returns the shortest text that ParseDuration reads back as
// d, such as 15m for 900 s. d is cut to whole seconds and must not be
// negative.
func FormatDuration(d time.Duration) string {
	return format(int64(d/time.Second), durationUnits(), "s")
}

// parse reads digits and an optional letter of units. It reports false for
// everything else, overflow included.
func parse(s string, units []unit) (int64, bool) {
	factor := int64(1)
	for _, u := range units {
		if digits, found := cutLetter(s, u.letter); found {
			s, factor = digits, u.factor
			break
		}
	}
	// ParseInt would take a sign.
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > math.MaxInt64/factor {
		return 0, false
	}
	return n * factor, true
}

// cutLetter drops letter, in either case, from the end of s.
func cutLetter(s string, letter byte) (string, bool) {
	if s == "" || !strings.EqualFold(s[len(s)-1:], string(letter)) {
		return s, false
	}
	return s[:len(s)-1], true
}

// format writes n in the largest unit that divides it; plain is the suffix
// of the smallest.
func format(n int64, units []unit, plain string) string {
	for i := len(units) - 1; i > 0; i-- {
		if u := units[i]; n >= u.factor && n%u.factor == 0 {
			return strconv.FormatInt(n/u.factor, 10) + string(u.letter)
		}
	}
	return strconv.FormatInt(n, 10) + plain
}
