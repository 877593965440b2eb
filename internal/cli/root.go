package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/gogibson/gibson/wire"
)

// The groups that the help lists the commands in.
const (
	groupServer = "server"
	groupKey    = "key"
	groupFamily = "family"
	groupOther  = "other"
)

const rootLong = `Gibson is a cache whose keys form families: everything that begins with
user:42: can be read, counted, expired, locked or deleted in one request.

Start a server with "gibson serve"; every other command sends it one request
and prints the answer. Without a command, gibson starts a server as the
original does: with -c FILE, with directives of gibson.conf as flags, or with
nothing if there is a file /etc/gibson/gibson.conf, which is read without -c.

Server: a command talks to the server that --addr names, else to $GIBSON_ADDR,
else to /tmp/gibson.sock if that is a socket, else to 127.0.0.1:10128. An
address is the path of a unix socket, with a slash in it, host:port, or
tls://host:port; --ca, --cert, --key and --server-name are for TLS.

Arguments: flags may stand anywhere. A number such as -1 is an argument; a key
that begins with a minus goes after --. A value of - is read from standard
input, as it is, with its last newline.

Output: a value is printed as it is, followed by a newline only on a terminal
and not with --raw. OK is printed where there is no value. Lists have one line
for each key (keys), or for each name and value with a tab between (mget,
stats); a backslash, tab, newline or carriage return inside of one is written
\\, \t, \n or \r, but not with --raw.

With --json the answer is one JSON document: a string, a number (64 bits), true
for OK, null for a missing key; keys is an array of strings, mget an array of
{"key": …, "value": …} in order, stats an object. Bytes that are not UTF-8 are
{"base64": …} in place of the string.

Exit status:
  0  success
  1  the key was not found, or the prefix matched nothing
  2  the command line or the configuration is wrong; nothing was sent
  3  the server cannot be reached, refused the request or cannot start, or the
     output cannot be written`

const rootExample = `  gibson serve
  gibson set user:42:name Ada --ttl 3600
  gibson get user:42:name
  gibson keys user:42:
  gibson mdel user:42:`

// newRoot returns the gibson command with all its subcommands.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "gibson",
		Short:         "A cache whose keys form families",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true, // Run prints them
		SilenceUsage:  true,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.AddGroup(
		&cobra.Group{ID: groupServer, Title: "Server:"},
		&cobra.Group{ID: groupKey, Title: "One key:"},
		&cobra.Group{ID: groupFamily, Title: "Every key with a prefix:"},
		&cobra.Group{ID: groupOther, Title: "Other:"},
	)
	root.SetHelpCommandGroupID(groupOther)
	root.SetCompletionCommandGroupID(groupOther)

	add := func(group string, cmd *cobra.Command) {
		cmd.GroupID = group
		root.AddCommand(cmd)
	}
	startLikeOriginal(a, root)
	add(groupServer, newServe(a))
	add(groupServer, newHealthcheck(a))
	add(groupOther, newVersion(a))
	add(groupOther, newMan(a))
	for _, c := range wire.Commands() {
		add(groupOf(c), newOneShot(a, c))
	}
	return root
}

func groupOf(c wire.Command) string {
	switch {
	case c.Shape == wire.ShapeNone:
		return groupServer
	case c.Prefix:
		return groupFamily
	}
	return groupKey
}

// commandName returns the name that the command line has for c.
func commandName(c wire.Command) string { return strings.ToLower(c.Name) }
