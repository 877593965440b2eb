// Package command is the command line of the benchmarks: one command, one
// file, one section of the document.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/gogibson/gibson/bench/internal/report"
)

// command is one thing that can be measured.
type command struct {
	name    string
	summary string
	heading string // of its section in the document
	run     func(ctx context.Context, e *env, args []string) error
	hidden  bool // started by another command in a process of its own
}

func commands() []command {
	return []command{
		{"server", "GET and SET over unix sockets beside Redis and memcached", "Server: point commands", runServer, false},
		{"memory", "resident memory of each server with a million items", "Server: memory", runMemory, false},
		{"prefix", "commands on families of keys, and GETs beside the deletion of a big one", "Server: prefix commands", runPrefix, false},
		{"embedded", "caches in the program's own memory: time, memory, garbage collection", "Embedded", runEmbedded, false},
		{"embedded10m", "the same with ten million small items", "Embedded: ten million small items", runEmbedded10M, false},
		{"client", "GET through our client library beside those of Redis and memcached", "Client library", runClient, false},
		{"hitratio", "policies of eviction on recorded traces", "Hit ratio", runHitRatio, false},
		{"churn", "memory while every item is overwritten, and while keys come and go", "Embedded: memory under churn", runChurn, false},
		{"limit", "resident memory under a flood of values of very different sizes", "Server: memory limit", runLimit, false},
		{"idle", "what servers take when nobody asks", "Server: idle", runIdle, false},
		{"stall", "the slowest requests of a steady load with items expiring", "Server: stalls", runStall, false},
		{"slow", "memory and GETs beside clients that do not read their replies", "Server: slow readers", runSlow, false},
		{"connections", "memory for each of many connections that send nothing", "Server: idle connections", runConnections, false},
		{"store", "one store, for embedded", "", runStore, true},
		{"observed", "a server that says how long its cache is locked, for stall", "", runObserved, true},
		{"slowreaders", "clients that do not read, for slow", "", runSlowReaders, true},
		{"idleclients", "clients that send nothing, for connections", "", runIdleClients, true},
	}
}

// Exec runs the command that args name. Results go to stdout, progress to
// stderr.
func Exec(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 || args[0] == "help" || strings.HasPrefix(args[0], "-h") {
		return usage(stdout)
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		e := &env{stdout: stdout, stderr: stderr, command: c, line: "go run ./cmd/bench " + strings.Join(args, " "), load: report.Load1()}
		err := c.run(ctx, e, args[1:])
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		return nil
	}
	return fmt.Errorf("unknown command %q; run it without arguments for a list", args[0])
}

func usage(w io.Writer) error {
	var b strings.Builder
	b.WriteString("Usage: go run ./cmd/bench <command> [flags], inside bench/. With -h a command lists its flags.\n\n")
	for _, c := range commands() {
		if !c.hidden {
			fmt.Fprintf(&b, "  %-11s %s\n", c.name, c.summary)
		}
	}
	b.WriteString("\nEach prints a markdown table; -write ../docs/benchmarks.md keeps it there.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// env is what a command works with.
type env struct {
	stdout, stderr io.Writer
	command        command
	line           string // as the command was called
	load           string // the machine's load average before it began
	write          string // document to keep the result in, empty for none
	notes          []string
}

// flags returns the command's flag set with the flags that all have.
func (e *env) flags() *flag.FlagSet {
	fs := flag.NewFlagSet(e.command.name, flag.ContinueOnError)
	fs.SetOutput(e.stderr)
	fs.StringVar(&e.write, "write", "", "`document` whose section of this command is replaced")
	return fs
}

// parse parses args and refuses what is left over.
func (e *env) parse(fs *flag.FlagSet, args []string) error {
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return nil
}

// progress tells the user what is going on.
func (e *env) progress(format string, args ...any) {
	fmt.Fprintf(e.stderr, format+"\n", args...)
}

// note adds a line that is printed below the tables.
func (e *env) note(format string, args ...any) {
	e.notes = append(e.notes, fmt.Sprintf(format, args...))
}

// publish prints the command's section and keeps it where -write says.
func (e *env) publish(ctx context.Context, parts ...fmt.Stringer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s", e.command.heading, report.Head(ctx, e.line, e.load))
	for _, p := range parts {
		b.WriteString("\n" + p.String())
	}
	if len(e.notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range e.notes {
		b.WriteString("- " + n + "\n")
	}
	if _, err := io.WriteString(e.stdout, b.String()); err != nil {
		return err
	}
	if e.write == "" {
		return nil
	}
	return report.Write(e.write, e.command.name, b.String())
}
