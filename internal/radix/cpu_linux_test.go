package radix

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// reportCPU reports the processor time of each operation, which says more
// than the time that passed where the machine is shared.
func reportCPU(b *testing.B) func() {
	b.Helper()
	used := func() time.Duration {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/float64(b.N), "cpu-ns/op") }
}
