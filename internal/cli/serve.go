package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gogibson/gibson/internal/config"
)

const serveLong = `Serve a cache to Gibson clients until SIGINT or SIGTERM, then answer what was
sent, remove the socket and end. A second signal ends it at once. SIGHUP opens
the log file again and reloads the configuration and the files of TLS.

With the directive snapshot the items are kept over a restart. SIGUSR1 writes
them at once. SIGUSR2 starts the program again and hands sockets and items over
to it, so that no client finds the server gone.

Without --unix-socket, --address, --port and --listen the server listens on the
socket /tmp/gibson.sock, which only its owner may use, and on 127.0.0.1:10128.
If one of them is named, it listens there and nowhere else. --listen may be
given several times, and is the way to TLS.

Every directive of gibson.conf is a flag, with minuses or underscores, and an
environment variable GIBSON_ with its name in capitals. Flags override the
environment, which overrides the file, which overrides the defaults. A file is
read only with -c. To see what comes of it all, use --check.

A size is a number with B, K, M or G, a duration one with s, m, h or d; without
a letter they are bytes and seconds.`

const serveExample = `  gibson serve
  gibson serve --unix-socket /run/gibson.sock --max-memory 4G
  gibson serve -c /etc/gibson/gibson.conf --check
  gibson serve --listen tls://0.0.0.0:10128 --tls-cert cache.pem --tls-client-ca clients.pem
  gibson serve --address 0.0.0.0 --allow-unauthenticated yes`

// start is one start of a server: by the command serve, or as the original is
// started, without a command.
type start struct {
	*app
	sources sources
	dropIn  bool // without a command
	check   bool
	salvage bool
	before  *predecessor // nil unless it takes over from another
}

func newStart(a *app) *start {
	return &start{app: a, sources: sources{environ: a.environ, flags: make(directives)}}
}

// register adds the flags of a start.
func (s *start) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVarP(&s.sources.file, "config", "c", "", "read directives from this `file`, in the form of gibson.conf")
	flags.BoolVar(&s.check, "check", false, "start nothing; print the effective configuration and where each value is from")
	flags.BoolVar(&s.salvage, "salvage", false, "if the snapshot is damaged, load what is whole of it")
	s.sources.flags.register(flags)
}

func newServe(a *app) *cobra.Command {
	s := newStart(a)
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Run a server",
		Long:    serveLong,
		Example: serveExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}
	s.register(cmd.Flags())
	return cmd
}

// startLikeOriginal makes root, when it is run without a command, start a server as
// the original is started.
func startLikeOriginal(a *app, root *cobra.Command) {
	s := newStart(a)
	s.dropIn = true
	s.register(root.Flags())
	root.Flags().VisitAll(func(f *pflag.Flag) {
		f.Hidden = isDirectiveFlag("--" + f.Name) // the help of serve has them
	})
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().NFlag() == 0 {
			if _, err := os.Stat(a.originalFile); errors.Is(err, fs.ErrNotExist) {
				root.SetOut(a.stderr)
				return errors.Join(cmd.Help(), &failure{status: statusUsage, explained: true})
			}
		}
		if !cmd.Flags().Changed("config") {
			s.sources.file, s.sources.optional = a.originalFile, true
		}
		return s.run(cmd.Context())
	}
}

// run starts a server, or checks what would be started.
func (s *start) run(ctx context.Context) error {
	back, err := inBackground()
	if err != nil {
		return serverError(err)
	}
	if s.before, err = inheritance(); err != nil {
		return serverError(err)
	}
	if back != nil || s.before != nil {
		if err := s.sources.settle(); err != nil {
			return serverError(err)
		}
	}
	c, err := s.sources.load()
	if err != nil {
		return &failure{status: statusUsage, err: err, explained: true}
	}
	switch {
	case s.check:
		return s.printConfig(c)
	case c.Daemonize && back == nil && s.before == nil:
		return detach(ctx, s.args, s.stderr)
	}
	return s.serve(ctx, c, back)
}

// printConfig prints the effective configuration, and warnings.
func (s *start) printConfig(c *config.Config) error {
	for _, w := range c.Warnings() {
		s.complain(w)
	}
	if err := checkTLS(c); err != nil {
		return &failure{status: statusUsage, err: err, explained: true}
	}
	if err := c.Print(s.stdout); err != nil {
		return serverError(err)
	}
	return nil
}
