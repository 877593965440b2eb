//go:build !unix

package cli

import "os"

// notifySnapshot does nothing: there is no such signal here.
func notifySnapshot(chan<- os.Signal) {}
