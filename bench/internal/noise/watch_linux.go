package noise

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/gogibson/gibson/bench/internal/load"
)

// Start starts a watcher on each CPU. Callers give the runtime at least that
// many more processors (GOMAXPROCS) than they need, since each watcher holds
// one while it sleeps: the scheduler must play no part in when it wakes up.
func Start() (*Watch, error) {
	var cpus unix.CPUSet
	if err := unix.SchedGetaffinity(0, &cpus); err != nil {
		return nil, err
	}
	w := &Watch{RealTime: true, CPUs: cpus.Count()}
	ready := make(chan bool)
	for cpu, left := 0, cpus.Count(); left > 0; cpu++ {
		if cpus.IsSet(cpu) {
			left--
			w.done.Go(func() { w.run(cpu, ready) })
		}
	}
	for range w.CPUs {
		if !<-ready {
			w.RealTime = false
		}
	}
	return w, nil
}

// run is one watcher. Its thread ends with it: it is locked and never
// unlocked, for its priority is nobody else's.
func (w *Watch) run(cpu int, ready chan<- bool) {
	runtime.LockOSThread()
	var only unix.CPUSet
	only.Set(cpu)
	pinned := unix.SchedSetaffinity(0, &only) == nil
	const fifo = 1
	err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: fifo, Priority: 1}, 0)
	ready <- pinned && err == nil
	// What does not fit excuses nothing.
	const most = 1 << 18
	gaps := make([]load.Span, 0, most)
	spec := unix.NsecToTimespec(period.Nanoseconds())
	for last := time.Now(); !w.stop.Load(); {
		// The result does not matter: an early return shows in the time.
		_, _, _ = syscall.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
		now := time.Now()
		if now.Sub(last) > period+late && len(gaps) < cap(gaps) {
			gaps = append(gaps, load.Span{From: last.Add(period), To: now})
		}
		last = now
	}
	w.add(gaps)
}
