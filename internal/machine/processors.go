package machine

import (
	"io/fs"
	"os"
	"runtime"
)

// Processors returns how many processors' time the process's control group may
// use, a fraction too, as a container with a quota has it; 0 if there is no
// quota. GOMAXPROCS follows a quota as well, but none takes it below two.
func Processors() float64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	return processorsIn(os.DirFS("/"))
}

// processorsIn is Processors for the machine whose files root shows.
func processorsIn(root fs.FS) float64 {
	least := 0.0
	for _, g := range groups(root, "cpu") {
		var quota, period int64
		if g.unified {
			// "max 100000", or microseconds in so many.
			f := g.fields(root, "cpu.max")
			if len(f) == 2 {
				quota, period = parse(f[0]), parse(f[1])
			}
		} else {
			quota, period = g.number(root, "cpu.cfs_quota_us"), g.number(root, "cpu.cfs_period_us")
		}
		if quota <= 0 || period <= 0 {
			continue
		}
		if n := float64(quota) / float64(period); least == 0 || n < least {
			least = n
		}
	}
	return least
}
