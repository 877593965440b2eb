package machine

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// group is a control group of Linux.
type group struct {
	unified bool   // of version 2, which has one tree for all controllers
	dir     string // below the root
}

const unifiedMount = "sys/fs/cgroup" // of version 2; those of version 1 are below

// groups returns the control groups that may limit the process by a
// controller: its own and every group around it, for a limit holds for all
// below. The outermost are always among them: inside of a container they are
// the ones that can be read.
func groups(root fs.FS, controller string) []group {
	mount := path.Join(unifiedMount, controller)
	all := []group{{true, unifiedMount}, {false, mount}}
	b, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return all
	}
	for line := range strings.Lines(string(b)) {
		// number ":" controllers ":" path; version 2 is number 0 without
		// controllers.
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		tops := []group{}
		switch {
		case f[0] == "0" && f[1] == "":
			tops = all[:1]
		case strings.Contains(","+f[1]+",", ","+controller+","):
			tops = all[1:2]
			if f[1] != controller { // mounted together, maybe without a link
				tops = []group{all[1], {false, path.Join(unifiedMount, f[1])}}
				all = append(all, tops[1])
			}
		}
		for _, top := range tops {
			for at := path.Clean("/" + f[2]); at != "/"; at = path.Dir(at) {
				all = append(all, group{top.unified, path.Join(top.dir, at)})
			}
		}
	}
	return all
}

// fields returns the words of a group's file, none if it cannot be read.
func (g group) fields(root fs.FS, name string) []string {
	b, err := fs.ReadFile(root, path.Join(g.dir, name))
	if err != nil {
		return nil
	}
	return strings.Fields(string(b))
}

// number returns the number that a group's file holds, 0 if there is none.
func (g group) number(root fs.FS, name string) int64 {
	if f := g.fields(root, name); len(f) == 1 {
		return parse(f[0])
	}
	return 0
}

// parse returns the number that s is, or 0.
func parse(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
