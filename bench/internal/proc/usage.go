package proc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has taken so far.
type Usage struct {
	CPU      time.Duration // user and system time of all its threads
	Switches int64         // voluntary context switches: how often it was woken
	RSS      int64         // resident bytes now
	Peak     int64         // the most resident bytes it ever had
}

// ticks is the unit of /proc/<pid>/stat, the same on every Linux that Go
// runs on.
const ticks = 100

// Read returns the usage of the process with that number (0: this one). It
// needs Linux's /proc.
func Read(pid int) (Usage, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	if pid == 0 {
		dir = "/proc/self"
	}
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return Usage{}, fmt.Errorf("usage: %w", err)
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return Usage{}, fmt.Errorf("usage: %w", err)
	}
	var u Usage
	if u.CPU, err = parseStat(stat); err != nil {
		return Usage{}, err
	}
	if u.RSS, u.Peak, err = parseStatus(status); err != nil {
		return Usage{}, err
	}
	tasks, err := filepath.Glob(filepath.Join(dir, "task", "*", "status"))
	if err != nil {
		return Usage{}, fmt.Errorf("usage: %w", err)
	}
	for _, task := range tasks {
		if b, err := os.ReadFile(task); err == nil { // threads may end
			n, _ := field(b, "voluntary_ctxt_switches:")
			u.Switches += n
		}
	}
	return u, nil
}

// Usage returns what the server has taken so far.
func (s *Server) Usage() (Usage, error) { return Read(s.Pid()) }

// parseStat returns utime + stime. The name in parentheses may hold anything,
// so fields are counted from its end.
func parseStat(b []byte) (time.Duration, error) {
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("usage: %d fields in stat, want at least 13", len(fields))
	}
	var sum int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("usage: stat: %w", err)
		}
		sum += n
	}
	return time.Duration(sum) * (time.Second / ticks), nil
}

// parseStatus returns VmRSS and VmHWM in bytes.
func parseStatus(b []byte) (rss, peak int64, err error) {
	rss, ok1 := field(b, "VmRSS:")
	peak, ok2 := field(b, "VmHWM:")
	if !ok1 || !ok2 {
		return 0, 0, fmt.Errorf("usage: no VmRSS and VmHWM in status")
	}
	return rss << 10, peak << 10, nil
}

// field returns the number behind a name at the start of a line.
func field(b []byte, name string) (int64, bool) {
	for line := range bytes.Lines(b) {
		rest, ok := bytes.CutPrefix(line, []byte(name))
		if !ok {
			continue
		}
		words := bytes.Fields(rest)
		if len(words) == 0 {
			return 0, false
		}
		n, err := strconv.ParseInt(string(words[0]), 10, 64)
		return n, err == nil
	}
	return 0, false
}
