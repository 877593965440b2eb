// Package local starts the server that the example programs talk to, so that
// they run without any set-up. A program of your own needs only the address of
// a server that runs.
package local

import (
	"errors"
	"net"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/server"
)

// Serve starts a server within this program, on a port of the loopback
// interface that is free. stop ends it.
func Serve() (address string, stop func() error, err error) {
	c, err := cache.New(nil)
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(err, c.Close())
	}
	srv := &server.Server{Cache: c}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	return l.Addr().String(), func() error {
		err := srv.Close()
		if end := <-served; !errors.Is(end, server.ErrServerClosed) {
			err = errors.Join(err, end)
		}
		return errors.Join(err, c.Close())
	}, nil
}
