package cli

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/gogibson/gibson/internal/config"
)

// passedSockets returns listeners for the sockets that a service manager
// opened for this process (LISTEN_FDS), none if it opened none. They stay the
// service manager's: closing a listener removes no file, and clients that
// connect while no server runs wait for the next.
func passedSockets(c *config.Config, before *predecessor) (passed []net.Listener, err error) {
	defer func() {
		if err != nil {
			err = closeAll(err, passed)
			passed = nil
		}
	}()
	for _, f := range append(activation.Files(true), before.passed()...) {
		l, err := listenerOf(f, c)
		if err != nil {
			return passed, fmt.Errorf("socket %s of the service manager: %w", f.Name(), err)
		}
		passed = append(passed, l)
	}
	return passed, nil
}

// listenerOf makes a listener of a socket, whose file it closes.
func listenerOf(f *os.File, c *config.Config) (net.Listener, error) {
	l, err := net.FileListener(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	key := passedKey + l.Addr().Network() + " " + l.Addr().String()
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return &socket{Listener: l, key: key}, nil
	}
	alive := &socket{Listener: keepAliveListener{tcp, keepAlive(c)}, key: key}
	for _, spec := range c.Listen {
		if spec.Network == "tls" && spec.Address == l.Addr().String() {
			return withTLS(alive, c, spec)
		}
	}
	if addr, ok := l.Addr().(*net.TCPAddr); ok && !addr.IP.IsLoopback() && !c.AllowUnauthenticated {
		err := fmt.Errorf("other machines may reach %s, and clients need no password: "+
			`write "allow_unauthenticated yes" if everyone who can reach it may read and change everything, or use 127.0.0.1`, addr)
		return nil, errors.Join(err, l.Close())
	}
	return alive, nil
}

// isPassed reports whether a listener among those that the service manager
// passed is the one of spec.
func isPassed(all []net.Listener, spec config.Listener) bool {
	for _, l := range all {
		if spec.Network == networkOf(l) && spec.Address == l.Addr().String() {
			return true
		}
	}
	return false
}

// has reports whether there is a listener of that network among all.
func has(all []net.Listener, network string) bool {
	for _, l := range all {
		if l.Addr().Network() == network {
			return true
		}
	}
	return false
}

// keepAliveListener is a listener that was not made here, with max_idletime
// for the connections that it accepts.
type keepAliveListener struct {
	*net.TCPListener
	config net.KeepAliveConfig
}

// Accept returns the next connection.
func (l keepAliveListener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	_ = c.SetKeepAliveConfig(l.config) // it fails for a broken connection, whose first read tells
	return c, nil
}
