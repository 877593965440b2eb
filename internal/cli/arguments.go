package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gogibson/gibson/internal/value"
	"github.com/gogibson/gibson/wire"
)

// untilUnlocked is the number of seconds of a lock that has none.
const untilUnlocked = -1

// maxStdin bounds what is read from standard input. No server takes requests
// as large, so it only keeps a wrong file from filling the memory.
const maxStdin = 1 << 30

// shapeWords returns the arguments that the command takes, as its usage line
// shows them. A bracketed one is optional.
func shapeWords(c wire.Command) []string {
	name := "KEY"
	if c.Prefix {
		name = "PREFIX"
	}
	switch c.Shape {
	case wire.ShapeKey, wire.ShapeKeyLimit:
		return []string{name}
	case wire.ShapeKeyNumber:
		if isLock(c) {
			return []string{name, "[SECONDS]"}
		}
		return []string{name, "SECONDS"}
	case wire.ShapeSet, wire.ShapeKeyValue:
		return []string{name, "VALUE"}
	case wire.ShapeKeyField:
		return []string{name, "FIELD"}
	}
	return nil
}

// isLock reports whether the command's number is how long a lock lasts, which
// may be left out.
func isLock(c wire.Command) bool { return c.Op == wire.OpLock || c.Op == wire.OpMLock }

// checkCount returns a check that the words of a usage line are all there and
// that there are no more. Too many are mostly a value or key whose spaces were
// not quoted.
func checkCount(want []string) cobra.PositionalArgs {
	most := len(want)
	least := most
	for _, w := range want {
		if strings.HasPrefix(w, "[") {
			least--
		}
	}
	return func(_ *cobra.Command, got []string) error {
		switch {
		case len(got) < least:
			return usageError("missing %s", strings.Join(want[len(got):least], " and "))
		case len(got) > most && most == 0:
			return usageError("%q is one argument too many, want none", got[most])
		case len(got) > most:
			return usageError("%q is one argument too many, want %s (quote what holds spaces)", got[most], strings.Join(want, " "))
		}
		return nil
	}
}

// arguments returns the arguments of the request, in the order of the
// protocol, after checking all that the protocol cannot carry.
func (o *oneShot) arguments(ctx context.Context, words []string) ([]any, error) {
	shape := o.command.Shape
	if shape == wire.ShapeNone {
		return nil, nil
	}
	key := words[0]
	if key == "" || strings.Contains(key, " ") {
		return nil, usageError("%q cannot be a key or prefix: want at least one byte and no space", key)
	}
	switch shape {
	case wire.ShapeKeyNumber:
		seconds := int64(untilUnlocked)
		if len(words) > 1 {
			if err := (*integer)(&seconds).Set(words[1]); err != nil {
				return nil, usageError("%w", err)
			}
		}
		return []any{key, seconds}, nil
	case wire.ShapeSet, wire.ShapeKeyValue:
		val, err := o.value(ctx, words[1])
		if err != nil {
			return nil, err
		}
		if shape == wire.ShapeSet {
			return []any{o.number, key, val}, nil
		}
		return []any{key, val}, nil
	case wire.ShapeKeyLimit:
		return []any{key, o.number}, nil
	case wire.ShapeKeyField:
		field := words[1]
		if field == "" || strings.Contains(field, " ") {
			return nil, usageError("%q cannot be a field", field)
		}
		return []any{key, field}, nil
	}
	return []any{key}, nil
}

// value returns the bytes that the word stands for: itself, or what standard
// input holds.
func (o *oneShot) value(ctx context.Context, word string) ([]byte, error) {
	val := []byte(word)
	if word == "-" {
		var err error
		if val, err = readAll(ctx, o.stdin); err != nil {
			return nil, usageError("reading the value from standard input: %w", err)
		}
	}
	if len(val) == 0 {
		return nil, usageError("a value needs at least one byte")
	}
	return val, nil
}

// readAll reads r to its end or until ctx ends. A read from a terminal cannot
// be interrupted, so that one is then left to the end of the process.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(r, maxStdin+1))
		if err == nil && len(data) > maxStdin {
			err = errors.New("more than 1 GiB")
		}
		done <- result{data, err}
	}()
	select {
	case res := <-done:
		return res.data, res.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// integer is a flag or argument that is a number as the protocol writes them.
type integer int64

// Set parses s as pflag.Value asks.
func (n *integer) Set(s string) error {
	parsed, ok := value.ParseInt([]byte(s))
	if !ok {
		return fmt.Errorf("%q is not a whole number of 64 bits", s)
	}
	*n = integer(parsed)
	return nil
}

func (n *integer) String() string { return fmt.Sprint(int64(*n)) }

// Type names the type in help texts.
func (n *integer) Type() string { return "int" }
