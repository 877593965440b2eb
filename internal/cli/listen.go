package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/server"
)

// open opens the listeners that c asks for, or none and says why. Sockets that
// a service manager passed stand in place of those of their kind; when there
// are any, nothing else is opened unless it was named.
func open(ctx context.Context, c *config.Config, log *slog.Logger) (opened []net.Listener, err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, o := range opened {
			err = errors.Join(err, o.Close())
		}
	}()
	unix, tcp := c.Listeners()
	if opened, err = passedSockets(c); err != nil {
		return nil, err
	}
	if len(opened) > 0 {
		byDefault := unix && c.Source("unix_socket").Kind == config.Default
		unix = unix && !byDefault && !has(opened, "unix")
		tcp = tcp && !byDefault && !has(opened, "tcp")
	}
	if unix {
		l, err := listenUnix(c)
		switch {
		case err == nil:
			opened = append(opened, l)
		case tcp && c.Source("unix_socket").Kind == config.Default && errors.Is(err, errors.ErrUnsupported):
			log.Warn("no unix socket on this system")
		default:
			return opened, err
		}
	}
	if tcp {
		l, err := listenTCP(ctx, c)
		if err != nil {
			return opened, err
		}
		opened = append(opened, l)
	}
	return opened, nil
}

// listenUnix listens on the socket. It is its owner's until it gets its mode.
func listenUnix(c *config.Config) (net.Listener, error) {
	l, err := server.ListenUnix(c.UnixSocket)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(c.UnixSocket, c.UnixSocketMode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// listenTCP listens on the address.
func listenTCP(ctx context.Context, c *config.Config) (net.Listener, error) {
	lc := net.ListenConfig{KeepAlive: -1, KeepAliveConfig: keepAlive(c)} // -1: off, unless the other is on
	return lc.Listen(ctx, "tcp", net.JoinHostPort(c.Address, fmt.Sprint(c.Port)))
}

// keepAlive returns what max_idletime says.
func keepAlive(c *config.Config) net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: c.KeepAlive > 0, Idle: c.KeepAlive}
}
