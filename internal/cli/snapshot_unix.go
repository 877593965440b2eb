//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// notifySnapshot lets the signal that asks for a snapshot come to c.
func notifySnapshot(c chan<- os.Signal) { signal.Notify(c, syscall.SIGUSR1) }
