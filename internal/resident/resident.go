// Package resident tells how much memory the process has.
package resident

import (
	"bytes"
	"os"
	"strconv"
)

// Size returns how much memory the process has by the operating
// system's account, in bytes; 0 where that cannot be told.
func Size() int64 { return read(1) }

// Files returns how much of Size holds pages of files, the program's own most of
// all, and memory that is shared with other processes, in bytes; 0 where that cannot
// be told. Memory mapped for this process alone is not in it. The system may be some
// pages behind for each thread.
func Files() int64 { return read(2) }

// read returns the bytes in field i of /proc/self/statm, see proc_pid_statm(5).
func read(i int) int64 {
	b, _ := os.ReadFile("/proc/self/statm") // elsewhere there is no such file, and nothing to parse
	return parse(b, i)
}

// parse reads field i of /proc/self/statm, which counts pages.
func parse(b []byte, i int) int64 {
	fields := bytes.Fields(b)
	if len(fields) <= i {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[i]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
