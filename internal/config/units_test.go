package config_test

import (
	"testing"
	"time"

	"github.com/gogibson/gibson/internal/config"
)

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "7": 7, "007": 7, "10B": 10, "1K": 1024, "1k": 1024, "64M": 64 << 20, "2g": 2 << 30,
		"2096127": 2096127, "9223372036854775807": 1<<63 - 1, "8589934591G": 8589934591 << 30,
	} {
		if got, err := config.ParseSize(in); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "K", "-1", "+1", "1.5M", " 1", "1 M", "1MB", "1T", "0x10", "9223372036854775808", "8589934592G", "1_000",
	} {
		if got, err := config.ParseSize(in); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", in, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"0": 0, "15": 15 * time.Second, "15s": 15 * time.Second, "15m": 15 * time.Minute,
		"2H": 2 * time.Hour, "30d": 720 * time.Hour, "9223372036": 9223372036 * time.Second,
	} {
		if got, err := config.ParseDuration(in); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "s", "-1", "-1s", "+1", "1.5h", "1h30m", "1 s", "1ms", "9223372037", "106752d"} {
		if got, err := config.ParseDuration(in); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", in, got)
		}
	}
}

func TestFormatReadsBack(t *testing.T) {
	sizes := map[int64]string{0: "0", 1: "1", 1023: "1023", 1024: "1K", 1025: "1025", 1 << 20: "1M", 3 << 30: "3G", 1536: "1536"}
	for n, want := range sizes {
		text := config.FormatSize(n)
		if back, err := config.ParseSize(text); text != want || err != nil || back != n {
			t.Errorf("FormatSize(%d) = %q (reads back as %d, %v), want %q", n, text, back, err, want)
		}
	}
	durations := map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", time.Minute: "1m", 90 * time.Minute: "90m", 720 * time.Hour: "30d", 25 * time.Hour: "25h",
	}
	for d, want := range durations {
		text := config.FormatDuration(d)
		if back, err := config.ParseDuration(text); text != want || err != nil || back != d {
			t.Errorf("FormatDuration(%v) = %q (reads back as %v, %v), want %q", d, text, back, err, want)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"", "0", "1K", "64M", "1G", "-1", "1.5", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := config.ParseSize(s)
		if err != nil {
			return
		}
		if n < 0 {
			t.Fatalf("ParseSize(%q) = %d, negative", s, n)
		}
		if back, err := config.ParseSize(config.FormatSize(n)); err != nil || back != n {
			t.Fatalf("%q is %d, formatted %q, reads back as %d, %v", s, n, config.FormatSize(n), back, err)
		}
	})
}
