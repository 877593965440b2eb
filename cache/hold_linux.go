package cache

import (
	"syscall"
	"time"
	"unsafe"
)

// useOfThread asks for the present thread. The times of getrusage are too coarse.
func useOfThread() threadUse {
	const (
		threadCPUClock = 3 // CLOCK_THREAD_CPUTIME_ID
		ofThread       = 1 // RUSAGE_THREAD
	)
	var ts syscall.Timespec
	var ru syscall.Rusage
	// They cannot fail: clock and thread are there and the pointers are good.
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadCPUClock, uintptr(unsafe.Pointer(&ts)), 0)
	_, _, _ = syscall.RawSyscall(syscall.SYS_GETRUSAGE, ofThread, uintptr(unsafe.Pointer(&ru)), 0)
	return threadUse{time.Duration(ts.Nano()), int(ru.Minflt + ru.Majflt)}
}
