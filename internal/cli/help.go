package cli

import (
	"fmt"
	"strings"

	"github.com/gogibson/gibson/wire"
)

// longHelp returns what --help says of a command above its usage line.
func longHelp(c wire.Command) string {
	text := c.Summary + "."
	if note := note(c.Op); note != "" {
		text += "\n\n" + note
	}
	return text
}

// note returns what the summary leaves open: what optional arguments mean and
// what is not an error.
func note(op wire.Opcode) string {
	switch op {
	case wire.OpSet:
		return "The value is printed, as the server returns it. A value of - is read from standard\ninput."
	case wire.OpTTL, wire.OpMTTL:
		return "SECONDS of 0 or less end the expiry: the item stays until it is deleted."
	case wire.OpLock, wire.OpMLock:
		return "Without SECONDS, or with -1, the lock lasts until it is ended by unlock or munlock.\n0 sets no lock. Any client may unlock."
	case wire.OpMSet:
		return "Items keep their keys; their expiry ends. A value of - is read from standard input."
	case wire.OpMGet, wire.OpKeys:
		return "The order is that of the keys' bytes."
	case wire.OpCount:
		return "No items is the number 0, and success."
	case wire.OpMeta:
		return `FIELD is one of
  size      bytes stored, 8 for a number
  encoding  0 as is, 1 compressed, 2 a number
  access    unix time of the last command that read or changed the item
  created   unix time at which the item was set
  ttl       seconds that the item was given to live, -1 for no end
  left      seconds that are left of them, -1 for no end
  lock      seconds that the lock was set for, -1 until unlocked, 0 not locked`
	}
	return ""
}

// examples returns command lines for the command: the one that its example
// payload stands for, and more where a flag or standard input needs showing.
func examples(c wire.Command) []string {
	lines := []string{"  " + exampleLine(c)}
	switch c.Op {
	case wire.OpSet:
		lines = append(lines, "  printf %s '"+`{"a": 1}`+"' | gibson set user:42:json -")
	case wire.OpGet:
		lines = append(lines, "  gibson get user:42:name --json")
	case wire.OpTTL:
		lines = append(lines, "  gibson ttl user:42:name -1")
	case wire.OpLock:
		lines = append(lines, "  gibson lock user:42:name")
	case wire.OpKeys:
		lines = append(lines, "  gibson keys user:42: --json")
	case wire.OpPing:
		lines = append(lines, "  gibson ping --addr 127.0.0.1:10128")
	}
	return lines
}

// exampleLine returns the command line that sends the command's example
// payload.
func exampleLine(c wire.Command) string {
	words := []string{"gibson", commandName(c)}
	args, err := wire.ParseArgs(c.Shape, []byte(c.Example), wire.Limits{})
	if err != nil || c.Shape == wire.ShapeNone {
		return strings.Join(words, " ")
	}
	words = append(words, string(args.Key))
	switch c.Shape {
	case wire.ShapeKeyNumber:
		words = append(words, fmt.Sprint(args.Number))
	case wire.ShapeSet:
		words = append(words, quote(args.Value), "--ttl", fmt.Sprint(args.Number))
	case wire.ShapeKeyValue, wire.ShapeKeyField:
		words = append(words, quote(args.Value))
	case wire.ShapeKeyLimit:
		words = append(words, "--limit", fmt.Sprint(args.Number))
	}
	return strings.Join(words, " ")
}

// quote puts text with spaces into single quotes, as a shell wants it. The
// examples hold no quotes themselves.
func quote(text []byte) string {
	if strings.Contains(string(text), " ") {
		return "'" + string(text) + "'"
	}
	return string(text)
}
