package machine

import (
	"io/fs"
	"testing"
	"testing/fstest"
)

// files are the files of a machine, by name.
func files(texts map[string]string) fs.FS {
	root := fstest.MapFS{}
	for name, text := range texts {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

// TestMachineMemory: the least of the machine's memory and every limit on the
// control groups that the process is in.
func TestMachineMemory(t *testing.T) {
	t.Parallel()
	const machine = "proc/meminfo"
	const groups = "proc/self/cgroup"
	total := "MemTotal:  1048576 kB\nMemFree: 1 kB\n"
	for name, tc := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"nothing known":       {map[string]string{}, 0},
		"no groups":           {map[string]string{machine: total}, 1 << 30},
		"version 2, no limit": {map[string]string{machine: total, groups: "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, 1 << 30},
		"version 2, own": {map[string]string{
			machine: total, groups: "0::/system.slice/gibson.service\n",
			"sys/fs/cgroup/system.slice/gibson.service/memory.max": "4096\n",
			"sys/fs/cgroup/system.slice/memory.max":                "8192\n",
		}, 4096},
		"version 2, the one around it": {map[string]string{
			machine: total, groups: "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "8192\n",
			"sys/fs/cgroup/a/memory.max":   "4096\n",
		}, 4096},
		"version 1": {map[string]string{
			machine: total, groups: "5:cpu,memory:/a\n0::/\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "4096\n",
		}, 4096},
		"version 1, no limit": {map[string]string{
			machine: total, groups: "5:memory:/a\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
		}, 1 << 30},
		"in a container": {map[string]string{
			machine: total, groups: "0::/../../elsewhere\n", "sys/fs/cgroup/memory.max": "4096\n",
		}, 4096},
		"another's group": {map[string]string{
			machine: total, groups: "0::/a\n", "sys/fs/cgroup/b/memory.max": "4096\n",
		}, 1 << 30},
		"unreadable": {map[string]string{machine: "MemTotal: x kB\n", groups: "0\n::\n"}, 0},
	} {
		if got := memoryIn(files(tc.files)); got != tc.want {
			t.Errorf("%s: %d bytes, want %d", name, got, tc.want)
		}
	}
}

// TestMachineProcessors: the least quota of all control groups that the
// process is in.
func TestMachineProcessors(t *testing.T) {
	t.Parallel()
	const own = "proc/self/cgroup"
	for name, tc := range map[string]struct {
		files map[string]string
		want  float64
	}{
		"nothing known":       {map[string]string{}, 0},
		"version 2, no quota": {map[string]string{own: "0::/a\n", "sys/fs/cgroup/a/cpu.max": "max 100000\n"}, 0},
		"version 2":           {map[string]string{own: "0::/a\n", "sys/fs/cgroup/a/cpu.max": "50000 100000\n"}, 0.5},
		"version 2, the one around it": {map[string]string{
			own: "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "400000 100000\n", "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
		}, 1.5},
		"in a container": {map[string]string{own: "0::/\n", "sys/fs/cgroup/cpu.max": "20000 10000\n"}, 2},
		"version 1": {map[string]string{
			own:                                     "4:cpu,cpuacct:/a\n",
			"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us":  "25000\n",
			"sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
		}, 0.25},
		"version 1, no quota": {map[string]string{
			own:                                     "4:cpu,cpuacct:/a\n",
			"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us":  "-1\n",
			"sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
		}, 0},
		"version 1, the one around it, mounted with another": {map[string]string{
			own: "4:cpu,cpuacct:/a/b\n0::/a/b\n",
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us":  "50000\n",
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
		}, 0.5},
		"unreadable": {map[string]string{own: "0::/a\n", "sys/fs/cgroup/a/cpu.max": "x\n"}, 0},
	} {
		if got := processorsIn(files(tc.files)); got != tc.want {
			t.Errorf("%s: %v processors, want %v", name, got, tc.want)
		}
	}
}

func TestParseMeminfo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"MemTotal:       24683900 kB\nMemFree: 1 kB\n": 24683900 << 10,
		"MemFree: 1 kB\nMemTotal: 8 kB":                8 << 10,
		"MemTotal: 8":                                  0,
		"MemTotal: x kB":                               0,
		"":                                             0,
	} {
		if got := parseMeminfo([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
