package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gogibson/gibson/internal/config"
)

const manLong = `Print a manual page: gibson, about the command, or gibson.conf, about the
directives. Packages install both.`

const manExample = `  gibson man > gibson.1
  gibson man gibson.conf | man -l -`

// confText is what gibson.conf(5) says before the directives.
const confText = `The file has one directive on a line: its name, blanks, and its value, which
goes to the end of the line. A # at the beginning of a line or after a blank
begins a comment. In names _ and - are the same.

A size is a number of bytes, or one with B, K, M or G, powers of 1024. A
duration is a number of seconds, or one with s, m, h or d. The letters may be
small or capital.

A directive that does not exist, or a value that is not allowed, keeps the
server from starting. To see all mistakes, or what would be in effect and why,
without a start:

  gibson serve -c /etc/gibson/gibson.conf --check

Each directive is an environment variable and a flag as well, and they override
the file in this order: max_memory 2G is GIBSON_MAX_MEMORY=2G in the
environment and --max-memory 2G on the command line.

SIGHUP makes the server read the file again. Directives that are marked as
reloadable take their new value at once; the log says which others need a
restart.`

// newMan makes the command that prints manual pages.
func newMan(a *app) *cobra.Command {
	return &cobra.Command{
		Use:       "man [gibson | gibson.conf]",
		Short:     "Print a manual page",
		Long:      manLong,
		Example:   manExample,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"gibson", "gibson.conf"},
		RunE: func(cmd *cobra.Command, args []string) error {
			page := commandPage(cmd.Root())
			if len(args) > 0 && args[0] == "gibson.conf" {
				page = confPage()
			}
			if _, err := a.stdout.Write(page.Bytes()); err != nil {
				return serverError(err)
			}
			return nil
		},
	}
}

// newPage begins a manual page.
func newPage(title, section, summary string) *roff {
	r := new(roff)
	r.macro("TH", strings.ToUpper(title), section, "", "gibson "+version(), "Gibson")
	r.macro("SH", "NAME")
	r.line(title + " - " + summary)
	return r
}

// commandPage returns gibson(1).
func commandPage(root *cobra.Command) *roff {
	r := newPage(root.Name(), "1", strings.ToLower(root.Short[:1])+root.Short[1:])
	r.macro("SH", "SYNOPSIS")
	for _, line := range []string{root.Name() + " COMMAND [ARGUMENT ...] [FLAG ...]", root.Name() + " [-c FILE] [--DIRECTIVE VALUE ...] [--check]"} {
		r.line(line)
		r.macro("br")
	}
	r.macro("SH", "DESCRIPTION")
	r.text(root.Long)
	for _, g := range root.Groups() {
		r.macro("SH", strings.ToUpper(strings.TrimSuffix(g.Title, ":")))
		for _, cmd := range root.Commands() {
			if cmd.GroupID == g.ID && cmd.IsAvailableCommand() {
				commandSection(r, cmd)
			}
		}
	}
	r.macro("SH", "FILES")
	r.item(originalFile, "", "read by a start without a command; see gibson.conf(5)")
	r.item(defaultSocket, "", "where a server listens, and a command looks for it, when neither is told")
	r.macro("SH", "SEE ALSO")
	r.line("gibson.conf(5)")
	return r
}

// commandSection writes what --help says of cmd.
func commandSection(r *roff, cmd *cobra.Command) {
	r.macro("SS", strings.TrimSuffix(cmd.UseLine(), " [flags]"))
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	r.text(text)
	others := false
	cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Hidden || f.Name == "help":
		case isDirectiveFlag("--" + f.Name):
			others = true
		default:
			arg, usage := pflag.UnquoteUsage(f)
			term := "--" + f.Name
			if f.Shorthand != "" {
				term = "-" + f.Shorthand + ", " + term
			}
			r.item(term, arg, usage)
		}
	})
	if others {
		r.item("--DIRECTIVE", "value", "any directive of gibson.conf(5), such as --max-memory")
	}
	if cmd.Example != "" {
		r.macro("PP")
		r.text(cmd.Example)
	}
}

// confPage returns gibson.conf(5).
func confPage() *roff {
	r := newPage("gibson.conf", "5", "configuration of the gibson server")
	r.macro("SH", "SYNOPSIS")
	r.line(originalFile)
	r.macro("SH", "DESCRIPTION")
	r.text(confText)
	var section config.Section
	for _, d := range config.Directives() {
		if d.Section != section {
			section = d.Section
			r.macro("SH", strings.ToUpper(string(section)))
		}
		r.item(d.Name, "value", d.Doc+".\n\n"+directiveFacts(d))
	}
	r.macro("SH", "SEE ALSO")
	r.line("gibson(1)")
	return r
}

// directiveFacts says what is allowed, what holds otherwise and when.
func directiveFacts(d config.Directive) string {
	text := fmt.Sprintf("Value: %s.", d.Allowed())
	if d.Default == "" {
		text += " No default."
	} else {
		text += fmt.Sprintf(" Default: %s.", d.Default)
	}
	if d.Reloadable {
		text += " Reloadable."
	}
	return text
}
