package cli

import (
	"context"
	"io"
	"log/slog"
)

// RunOnTerminal is Run with a stdout that is taken for a terminal, and with
// an environment of its own.
func RunOnTerminal(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env map[string]string) int {
	a := &app{
		stdin: stdin, stdout: stdout, stderr: stderr,
		getenv:     func(name string) string { return env[name] },
		isTerminal: func(io.Writer) bool { return true },
	}
	return a.run(ctx, args)
}

// Normalize is normalize.
func Normalize(args []string) []string { return normalize(args) }

// Networks opens the listeners of a serve command that was given these flags
// and returns the networks they listen on, after closing them.
func Networks(socket, address string, port uint16, socketNamed, tcpNamed bool) ([]string, error) {
	at := listenAt{socket: socket, address: address, port: port, socketNamed: socketNamed, tcpNamed: tcpNamed}
	listeners, err := at.open(slog.New(slog.DiscardHandler))
	var networks []string
	for _, l := range listeners {
		if err == nil {
			networks = append(networks, l.Addr().Network())
			err = l.Close()
		}
	}
	return networks, err
}

// Address returns the server that a command talks to, given --addr, the
// environment and the path of the default socket.
func Address(flag string, env map[string]string, socket string) string {
	a := &app{getenv: func(name string) string { return env[name] }}
	return a.address(flag, socket)
}
