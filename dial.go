package gibson

import (
	"context"
	"crypto/tls"
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
//	tls://host:port          TLS over TCP
//
// where an absent port is DefaultPort. A nil opts stands for the defaults.
func Dial(ctx context.Context, address string, opts *Options) (*Conn, error) {
	o, err := opts.resolved()
	if err != nil {
		return nil, err
	}
	t, err := splitAddress(address)
	if err != nil {
		return nil, err
	}
	return t.dial(ctx, o)
}

// target is a parsed address.
type target struct {
	address string // as it was given
	network string // "unix" or "tcp"
	addr    string // as package net wants it
	tls     bool   // the scheme is tls
}

// splitAddress parses an address of Dial.
func splitAddress(address string) (target, error) {
	t := target{address: address}
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
		return target{}, fmt.Errorf("gibson: address %q names no server", address)
	}
	switch scheme {
	case "unix":
		t.network, t.addr = "unix", rest
	case "tls", "tcp":
		t.network, t.addr, t.tls = "tcp", withPort(rest), scheme == "tls"
	default:
		return target{}, fmt.Errorf("gibson: address %q: unknown scheme %q", address, scheme)
	}
	return t, nil
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

// dial connects.
func (t target) dial(ctx context.Context, o Options) (*Conn, error) {
	if o.DialTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.DialTimeout)
		defer cancel()
	}
	dial := o.Dialer
	if dial == nil {
		dialer := net.Dialer{KeepAlive: o.KeepAlive}
		if o.KeepAlive > 0 { // which by itself is the idle time alone
			dialer.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: o.KeepAlive, Interval: o.KeepAlive}
		}
		dial = dialer.DialContext
	}
	nc, err := dial(ctx, t.network, t.addr)
	if err != nil {
		return nil, fmt.Errorf("gibson: %w", err)
	}
	if o.TLS != nil || t.tls {
		if nc, err = t.handshake(ctx, nc, o.TLS); err != nil {
			return nil, fmt.Errorf("gibson: TLS with %s: %w", t.address, err)
		}
	}
	return newConn(nc, t.address, o), nil
}

// handshake returns nc encrypted. Without a ServerName in cfg it is the host of
// a TCP address that the certificate must be for; a unix socket has no name. On
// error nc is closed.
func (t target) handshake(ctx context.Context, nc net.Conn, cfg *tls.Config) (net.Conn, error) {
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if cfg.ServerName == "" && t.network == "tcp" {
		host, _, err := net.SplitHostPort(t.addr)
		if err != nil {
			_ = nc.Close() // the address is the error to report
			return nil, err
		}
		cfg = cfg.Clone()
		cfg.ServerName = host
	}
	tc := tls.Client(nc, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		_ = nc.Close() // the handshake is the error to report
		return nil, err
	}
	return tc, nil
}
