package cli

import (
	"slices"
	"strings"

	"github.com/gogibson/gibson/wire"
)

// normalize brings the arguments of a command that sends one request into the
// order name, flags, --, arguments, so that a flag may stand anywhere, even
// before the name, so that a negative number is an argument, and so that the
// name may be in any case:
//
//	--json TTL foo -1   becomes   ttl --json -- foo -1
//
// What follows a -- of the caller's is an argument whatever it looks like.
// Other commands, and lines that name none, are returned as they are.
func normalize(args []string) []string {
	var flags, words []string
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			words = append(words, args[i+1:]...)
			i = len(args)
		case !isFlag(arg):
			words = append(words, arg)
		case takesValue(arg):
			if i+1 == len(args) {
				return args // the parser says best that a value is missing
			}
			i++
			flags = append(flags, arg, args[i])
		default:
			flags = append(flags, arg)
		}
	}
	if len(words) == 0 {
		return args
	}
	command, ok := wire.LookupName(words[0])
	if !ok {
		return args
	}
	return slices.Concat([]string{strings.ToLower(command.Name)}, flags, []string{"--"}, words[1:])
}

// isFlag reports whether arg is a flag rather than an argument: it begins
// with a minus, but is neither the lone minus that stands for standard input
// nor a negative number.
func isFlag(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && !isDigit(arg[1])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// takesValue reports whether the word after arg belongs to it.
func takesValue(arg string) bool {
	return isDirectiveFlag(arg) || slices.Contains([]string{"--addr", "--timeout", "--ttl", "--limit", "--config", "-c", "--ca", "--cert", "--key", "--server-name"}, arg)
}
