package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// The exit statuses of the command, as its help states them.
const (
	statusOK        = 0
	statusNotFound  = 1 // a key is missing, or a prefix matched nothing
	statusUnhealthy = 1 // for healthcheck, whose callers know no other
	statusUsage     = 2 // the command line or the configuration is wrong; nothing was sent
	statusServer    = 3 // the server cannot be reached, refused or cannot start, or the output cannot be written
)

// app holds what the commands share: where they read and write, and what they
// may ask of the process. It does not change after Run made it.
type app struct {
	stdin      io.Reader
	stdout     io.Writer
	stderr     io.Writer
	getenv     func(string) string
	isTerminal func(io.Writer) bool

	args         []string        // the command line
	environ      func() []string // the whole environment
	originalFile string          // read by a start without a command
}

// Run executes the command line args, which do not include the program's
// name, and returns the exit status: 0 for success, 1 when a key was not
// found or a prefix matched nothing, 2 for a command line that is wrong and 3
// when the server cannot be reached, refuses or cannot start, or the output cannot
// be written.
//
// Results go to stdout, everything else to stderr. When ctx ends, a server
// finishes what it is doing and Run returns 0; any other command is given up.
// Run reads stdin only if a value is to come from there; if ctx ends
// meanwhile, that read is left behind.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{
		stdin: stdin, stdout: stdout, stderr: stderr, isTerminal: isTerminal,
		getenv: os.Getenv, environ: os.Environ, originalFile: originalFile,
	}
	return a.run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	a.args = args
	root := newRoot(a)
	root.SetArgs(normalize(args))
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return statusOK
	}
	var failed *failure
	if !errors.As(err, &failed) {
		// Whatever the commands do not report themselves is cobra's own
		// complaint about the command line.
		failed = &failure{status: statusUsage, err: err}
	}
	if failed.err != nil {
		a.complain(strings.TrimPrefix(failed.Error(), "gibson: "))
	}
	if failed.status == statusUsage && !failed.explained {
		fmt.Fprintf(a.stderr, "Run '%s --help' for usage.\n", cmd.CommandPath())
	}
	return failed.status
}

// complain prints a message that is not a result.
func (a *app) complain(text string) { fmt.Fprintf(a.stderr, "gibson: %s\n", text) }

// failure is the end of a command that did not succeed, with the exit status
// that says so.
type failure struct {
	status    int
	err       error // nil if there is nothing more to say
	explained bool  // the help of the command would not
}

func (f *failure) Error() string {
	if f.err == nil {
		return "failed"
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// usageError reports a command line that is wrong.
func usageError(format string, args ...any) error {
	return &failure{status: statusUsage, err: fmt.Errorf(format, args...)}
}

// serverError reports a server that cannot be reached, refuses or cannot
// start.
func serverError(err error) error { return &failure{status: statusServer, err: err} }

// isTerminal reports whether w is a file that a person reads as it is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
