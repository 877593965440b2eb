package gibson

import (
	"context"
	"fmt"
	"net"
	"strings"
)

// DefaultPort is the port of an address that names none.
const DefaultPort = "10128"

// Dial connects to the server at address and returns the connection. ctx
// bounds the dialing alone. An address is one of
//
//	/tmp/gibson.sock         a unix socket: a path with a slash in it
//	unix:///tmp/gibson.sock  the same
//	@name                    a unix socket in Linux's abstract namespace
//	host:port                TCP
//	tcp://host:port          the same
//
// where an absent port is DefaultPort. A nil opts stands for the defaults.
func Dial(ctx context.Context, address string, opts *Options) (*Conn, error) {
	o, err := opts.resolved()
	if err != nil {
		return nil, err
	}
	network, addr, err := splitAddress(address)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	nc, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, fmt.Errorf("gibson: %w", err)
	}
	return newConn(nc, address, o), nil
}

// splitAddress returns the network and the address that package net wants.
func splitAddress(address string) (network, addr string, err error) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		rest = address
		if strings.ContainsRune(address, '/') || strings.HasPrefix(address, "@") {
			scheme = "unix"
		} else {
			scheme = "tcp"
		}
	}
	if rest == "" {
		return "", "", fmt.Errorf("gibson: address %q names no server", address)
	}
	switch scheme {
	case "unix":
		return "unix", rest, nil
	case "tcp":
		return "tcp", withPort(rest), nil
	}
	return "", "", fmt.Errorf("gibson: address %q: unknown scheme %q", address, scheme)
}

// withPort adds the default port to a host without one.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.Count(bare, ":") == 0 || net.ParseIP(bare) != nil {
		return net.JoinHostPort(bare, DefaultPort)
	}
	return host // net says what is wrong with it
}
