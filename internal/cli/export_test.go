package cli

import (
	"context"
	"io"
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
