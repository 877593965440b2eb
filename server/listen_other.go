//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package server

import (
	"errors"
	"fmt"
	"net"
)

// ListenUnix fails: on this operating system it cannot be done safely.
func ListenUnix(path string) (net.Listener, error) {
	return nil, fmt.Errorf("gibson: server: listen on unix socket %s: %w", path, errors.ErrUnsupported)
}
