//go:build linux || darwin

package cli

import "syscall"

// fileLimit returns how many files the process may have open. The limit is
// raised to at least want if the system lets it be.
func fileLimit(want uint64) (uint64, error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	if l.Cur >= want {
		return l.Cur, nil
	}
	// Up to the hard limit anyone may go, beyond it only who is privileged.
	for _, raised := range []syscall.Rlimit{{Cur: want, Max: max(l.Max, want)}, {Cur: l.Max, Max: l.Max}} {
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised) == nil {
			return raised.Cur, nil
		}
	}
	return l.Cur, nil
}
