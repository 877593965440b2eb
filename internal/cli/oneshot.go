package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gogibson/gibson/wire"
)

// defaultTimeout bounds one request, connecting included.
const defaultTimeout = 10 * time.Second

// oneShot is one run of a command that sends one request.
type oneShot struct {
	*app
	command wire.Command
	addr    string
	timeout time.Duration
	json    bool
	raw     bool
	number  int64 // --ttl or --limit
	tls     clientTLS
}

// newOneShot makes the command that sends c.
func newOneShot(a *app, c wire.Command) *cobra.Command {
	o := &oneShot{app: a, command: c}
	words := shapeWords(c)
	cmd := &cobra.Command{
		Use:     strings.TrimSpace(commandName(c) + " " + strings.Join(words, " ")),
		Short:   c.Summary,
		Long:    longHelp(c),
		Example: strings.Join(examples(c), "\n"),
		Args:    checkCount(words),
		RunE: func(cmd *cobra.Command, words []string) error {
			return o.run(cmd.Context(), words)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	switch c.Shape {
	case wire.ShapeSet:
		flags.Var((*integer)(&o.number), "ttl", "expire the item after this many `seconds`; 0 or less: never")
	case wire.ShapeKeyLimit:
		flags.Var((*integer)(&o.number), "limit", "return at most this `number` of items; 0 or less: all")
	}
	flags.StringVar(&o.addr, "addr", "", "the server's `address`, a unix socket's path, host:port or tls://host:port\n(default $GIBSON_ADDR, else "+
		defaultSocket+" if it is a socket, else "+defaultTCP()+")")
	flags.DurationVar(&o.timeout, "timeout", defaultTimeout, "give up after this `time`, such as 500ms; 0: never")
	flags.BoolVar(&o.json, "json", false, "print the answer as JSON")
	flags.BoolVar(&o.raw, "raw", false, "add no newline and escape nothing")
	o.tls.register(cmd)
	cmd.MarkFlagsMutuallyExclusive("json", "raw")
	return cmd
}

// run sends the request and prints the reply.
func (o *oneShot) run(ctx context.Context, words []string) error {
	if o.timeout < 0 {
		return usageError("--timeout is %s, want 0 or more", o.timeout)
	}
	args, err := o.arguments(ctx, words)
	if err != nil {
		return err
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	address := o.address(o.addr, defaultSocket)
	side, err := o.tls.config(address)
	if err != nil {
		return err
	}
	var key string
	if len(words) > 0 {
		key = words[0]
	}
	reply, err := request(ctx, address, side, o.command, key, args)
	if err != nil {
		return serverError(err)
	}
	return o.print(key, reply)
}
