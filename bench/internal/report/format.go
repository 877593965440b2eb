package report

import (
	"fmt"
	"time"
)

// None stands in cells that were not measured.
const None = "–"

// Rate formats requests per second, such as 412k.
func Rate(perSecond float64) string {
	switch {
	case perSecond == 0:
		return None
	case perSecond >= 100e3:
		return fmt.Sprintf("%.0fk", perSecond/1e3)
	case perSecond >= 1e3:
		return fmt.Sprintf("%.1fk", perSecond/1e3)
	}
	return fmt.Sprintf("%.0f", perSecond)
}

// Micros formats a duration in microseconds with three digits.
func Micros(d time.Duration) string { return digits(float64(d) / 1e3) }

// Millis formats a duration in milliseconds with three digits.
func Millis(d time.Duration) string { return digits(float64(d) / 1e6) }

func digits(v float64) string {
	switch {
	case v == 0:
		return None
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// Times formats a ratio, such as 1.07×.
func Times(r float64) string {
	if r == 0 {
		return None
	}
	return fmt.Sprintf("%.2f×", r)
}

// MiB formats bytes in mebibytes.
func MiB(bytes int64) string {
	if bytes == 0 {
		return None
	}
	return fmt.Sprintf("%.0f", float64(bytes)/(1<<20))
}

// Percent formats a share of 1.
func Percent(share float64) string { return fmt.Sprintf("%.2f", 100*share) }
