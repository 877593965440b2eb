package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"github.com/gogibson/gibson/server"
)

// listenAt says where a server listens.
type listenAt struct {
	socket  string
	address string
	port    uint16
	// What the command line names. If it names neither, both are opened.
	socketNamed, tcpNamed bool
}

func (l *listenAt) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&l.socket, "unix-socket", defaultSocket, "listen on a unix socket at this `path`")
	flags.StringVar(&l.address, "address", defaultHost, "listen on TCP at this `host`")
	flags.Uint16Var(&l.port, "port", defaultPort, "listen on this TCP `port`; 0: any that is free")
}

// see notes which of the flags were given.
func (l *listenAt) see(cmd *cobra.Command) {
	named := cmd.Flags().Changed
	l.socketNamed = named("unix-socket")
	l.tcpNamed = named("address") || named("port")
}

// open opens the listeners, or none and says why.
func (l *listenAt) open(log *slog.Logger) (opened []net.Listener, err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, o := range opened {
			err = errors.Join(err, o.Close())
		}
	}()
	neither := !l.socketNamed && !l.tcpNamed
	if l.socketNamed || neither {
		u, err := server.ListenUnix(l.socket)
		switch {
		case err == nil:
			opened = append(opened, u)
		case neither && errors.Is(err, errors.ErrUnsupported):
			log.Warn("no unix socket on this system")
		default:
			return opened, err
		}
	}
	if l.tcpNamed || neither {
		t, err := net.Listen("tcp", net.JoinHostPort(l.address, fmt.Sprint(l.port)))
		if err != nil {
			return opened, err
		}
		opened = append(opened, t)
	}
	return opened, nil
}
