package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"

	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/server"
)

// open opens the listeners that c asks for, or none and says why. Sockets that
// a service manager passed stand in place of those of their kind; when there
// are any, nothing else is opened unless it was named.
func open(ctx context.Context, c *config.Config, log *slog.Logger, before *predecessor) (opened []net.Listener, err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, o := range opened {
			err = errors.Join(err, o.Close())
		}
	}()
	unix, tcp := c.Listeners()
	if opened, err = passedSockets(c, before); err != nil {
		return nil, err
	}
	if len(opened) > 0 {
		byDefault := unix && c.Source("unix_socket").Kind == config.Default
		unix = unix && !byDefault && !has(opened, "unix")
		tcp = tcp && !byDefault && !has(opened, "tcp")
	}
	if unix {
		l, err := listenUnix(c.UnixSocket, c.UnixSocketMode, before)
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
		l, err := listenTCP(ctx, c, net.JoinHostPort(c.Address, fmt.Sprint(c.Port)), before)
		if err != nil {
			return opened, err
		}
		opened = append(opened, l)
	}
	for _, spec := range c.Listen {
		if isPassed(opened, spec) {
			continue
		}
		l, err := listen(ctx, c, spec, before)
		if err != nil {
			return opened, fmt.Errorf("listen %s: %w", spec, err)
		}
		opened = append(opened, l)
	}
	return opened, nil
}

// listen opens an address of the directive listen.
func listen(ctx context.Context, c *config.Config, spec config.Listener, before *predecessor) (net.Listener, error) {
	if spec.Network == "unix" {
		mode := spec.Mode
		if mode == 0 {
			mode = c.UnixSocketMode
		}
		return listenUnix(spec.Address, mode, before)
	}
	l, err := listenTCP(ctx, c, spec.Address, before)
	if err != nil || spec.Network == "tcp" {
		return l, err
	}
	return withTLS(l, c, spec)
}

// listenUnix listens on a socket at path. It is its owner's until it gets its mode.
func listenUnix(path string, mode fs.FileMode, before *predecessor) (net.Listener, error) {
	key := "unix " + path
	if l, err := before.unix(key, path, mode); l != nil || err != nil {
		return l, err
	}
	l, err := server.ListenUnix(path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &socket{Listener: l, key: key}, nil
}

// listenTCP listens on host and port.
func listenTCP(ctx context.Context, c *config.Config, address string, before *predecessor) (net.Listener, error) {
	key := "tcp " + address
	if l, err := before.tcp(key, c); l != nil || err != nil {
		return l, err
	}
	lc := net.ListenConfig{KeepAlive: -1, KeepAliveConfig: keepAlive(c)} // -1: off, unless the other is on
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &socket{Listener: l, key: key}, nil
}

// keepAlive returns what max_idletime says.
func keepAlive(c *config.Config) net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: c.KeepAlive > 0, Idle: c.KeepAlive}
}
