package cli

import (
	"fmt"
	"os"
)

// Where a server listens and a command looks for it when neither is told.
const (
	defaultSocket = "/tmp/gibson.sock"
	defaultHost   = "127.0.0.1"
	defaultPort   = 10128
)

// address returns the server to talk to: what --addr says, else $GIBSON_ADDR,
// else socket if there is one, else the default TCP address.
func (a *app) address(flag, socket string) string {
	if flag != "" {
		return flag
	}
	if env := a.getenv("GIBSON_ADDR"); env != "" {
		return env
	}
	if info, err := os.Stat(socket); err == nil && info.Mode()&os.ModeSocket != 0 {
		return socket
	}
	return defaultTCP()
}

// defaultTCP returns the TCP address of a server that was told nothing.
func defaultTCP() string { return fmt.Sprintf("%s:%d", defaultHost, defaultPort) }
