// Package resident tells how much memory the process has.
package resident

import (
	"bytes"
	"os"
	"strconv"
)

// Size returns how much memory the process has by the operating
// system's account, in bytes; 0 where that cannot be told.
func Size() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0 // not Linux
	}
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
