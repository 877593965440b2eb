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
	b, _ := os.ReadFile("/proc/self/statm") // elsewhere there is no such file, and nothing to parse
	return parse(b)
}

// parse reads the second number of /proc/self/statm, which counts pages.
func parse(b []byte) int64 {
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
