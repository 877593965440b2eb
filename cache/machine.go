package cache

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// systemMemory returns how many bytes of memory the machine has, or the
// process's control group may use if that is less; 0 where neither can be told.
func systemMemory() int64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	return memoryIn(os.DirFS("/"))
}

// memoryIn is systemMemory for the machine whose files root shows.
func memoryIn(root fs.FS) int64 {
	memory := int64(0)
	if b, err := fs.ReadFile(root, "proc/meminfo"); err == nil {
		memory = parseMeminfo(b)
	}
	for _, name := range limitFiles(root) {
		b, err := fs.ReadFile(root, name)
		if err != nil {
			continue
		}
		// "max", or a number beyond the machine, means no limit.
		limit, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
		if err == nil && limit > 0 && (memory == 0 || limit < memory) {
			memory = limit
		}
	}
	return memory
}

// The mounts of control groups and the file of a group that has its limit.
const (
	unifiedMount, unifiedFile = "sys/fs/cgroup", "memory.max"                   // version 2
	memoryMount, memoryFile   = "sys/fs/cgroup/memory", "memory.limit_in_bytes" // version 1
)

// limitFiles returns the files that may limit the process: of its own control
// group and of every group around it, for a limit holds for all below. The
// outermost are always among them: inside of a container they are the ones
// that can be read.
func limitFiles(root fs.FS) []string {
	files := []string{path.Join(unifiedMount, unifiedFile), path.Join(memoryMount, memoryFile)}
	b, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return files
	}
	for line := range strings.Lines(string(b)) {
		// number ":" controllers ":" path; version 2 is number 0 without
		// controllers.
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		mount, file := "", ""
		switch {
		case f[0] == "0" && f[1] == "":
			mount, file = unifiedMount, unifiedFile
		case strings.Contains(","+f[1]+",", ",memory,"):
			mount, file = memoryMount, memoryFile
		default:
			continue
		}
		for group := path.Clean("/" + f[2]); group != "/"; group = path.Dir(group) {
			files = append(files, path.Join(mount, group, file))
		}
	}
	return files
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
