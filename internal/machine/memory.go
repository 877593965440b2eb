package machine

import (
	"bytes"
	"io/fs"
	"os"
	"runtime"
	"strconv"
)

// Memory returns how many bytes of memory the machine has, or the process's
// control group may use if that is less; 0 where neither can be told.
func Memory() int64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	return memoryIn(os.DirFS("/"))
}

// memoryIn is Memory for the machine whose files root shows.
func memoryIn(root fs.FS) int64 {
	memory := int64(0)
	if b, err := fs.ReadFile(root, "proc/meminfo"); err == nil {
		memory = parseMeminfo(b)
	}
	for _, g := range groups(root, "memory") {
		name := "memory.limit_in_bytes"
		if g.unified {
			name = "memory.max"
		}
		// "max", or a number beyond the machine, means no limit.
		if limit := g.number(root, name); limit > 0 && (memory == 0 || limit < memory) {
			memory = limit
		}
	}
	return memory
}

// parseMeminfo returns the MemTotal of /proc/meminfo in bytes, 0 if it has
// none.
func parseMeminfo(b []byte) int64 {
	for line := range bytes.Lines(b) {
		f := bytes.Fields(line)
		if len(f) == 3 && string(f[0]) == "MemTotal:" && string(f[2]) == "kB" {
			n, err := strconv.ParseInt(string(f[1]), 10, 64)
			if err == nil && n > 0 {
				return n << 10
			}
		}
	}
	return 0
}
