// Package gibsonslog writes the commands of a Gibson client to a log/slog
// logger:
//
//	opts := &gibson.Options{Hooks: gibsonslog.Hooks(logger, nil)}
//
// A record has the message "gibson command" and the attributes command, key,
// outcome, duration, sent and received, and error if there is one. Its level
// says how bad it is: see Options.
//
// The package is part of the client's own module, since it needs the standard
// library alone. The adapters beside it, gibsonotel and gibsonprom, are modules
// of their own, so that nobody downloads what they need but those who use them.
package gibsonslog

import (
	"context"
	"log/slog"
	"time"

	"github.com/gogibson/gibson"
)

// Options are the settings of Hooks. Nil and the zero value stand for the
// defaults named with each field.
//
// A command that the server could not do, by ERR or for want of memory, is a
// warning. One that got no answer is an error, unless the caller gave it up by
// canceling its context.
type Options struct {
	// Level is that of commands of which there is nothing else to say. Nil
	// stands for slog.LevelDebug.
	Level slog.Leveler

	// SlowAfter is the time from which on a command is a warning whatever its
	// outcome. Zero stands for never.
	SlowAfter time.Duration

	// OmitKey leaves keys and prefixes out, which may tell more about people
	// than a log should. The error then is the outcome alone.
	OmitKey bool
}

// Hooks returns hooks that write to logger, of which nil stands for
// slog.Default at the time of each command.
func Hooks(logger *slog.Logger, opts *Options) *gibson.Hooks {
	var o Options
	if opts != nil {
		o = *opts
	}
	return &gibson.Hooks{End: func(ctx context.Context, e gibson.Event) {
		l := logger
		if l == nil {
			l = slog.Default()
		}
		outcome := e.Outcome()
		level := o.level(outcome, e.Duration)
		if !l.Enabled(ctx, level) {
			return
		}
		attrs := make([]slog.Attr, 0, 7)
		attrs = append(attrs, slog.String("command", e.Command))
		if e.Key != "" && !o.OmitKey {
			attrs = append(attrs, slog.String("key", e.Key))
		}
		attrs = append(attrs,
			slog.String("outcome", outcome),
			slog.Duration("duration", e.Duration),
			slog.Int("sent", e.Sent),
			slog.Int("received", e.Received))
		if e.Err != nil && !o.OmitKey { // its text may name the key
			attrs = append(attrs, slog.Any("error", e.Err))
		}
		l.LogAttrs(ctx, level, "gibson command", attrs...)
	}}
}

// level returns that of a command by what became of it.
func (o *Options) level(outcome string, d time.Duration) slog.Level {
	switch {
	case outcome == "timeout", outcome == "failed":
		return slog.LevelError
	case outcome == "refused", outcome == "memory_limit", o.SlowAfter > 0 && d >= o.SlowAfter:
		return slog.LevelWarn
	case o.Level != nil:
		return o.Level.Level()
	}
	return slog.LevelDebug
}
