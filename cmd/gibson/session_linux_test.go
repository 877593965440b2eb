package main

import (
	"syscall"
	"testing"
)

// sessionOf returns the session of a process.
func sessionOf(t *testing.T, pid int) int {
	t.Helper()
	sid, _, errno := syscall.Syscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	return int(sid)
}
