// Package gibsonotel has OpenTelemetry trace the commands of a Gibson client:
//
//	hooks, err := gibsonotel.Hooks(&gibsonotel.Options{Address: address})
//	...
//	conn, err := gibson.Dial(ctx, address, &gibson.Options{Hooks: hooks})
//
// Every command is a span of its own, those of a Pipeline too, whose parent is
// what the context of the call says. As the semantic conventions of database
// clients have it, its kind is client, its name that of the command, and its
// attributes are
//
//	db.system.name           "gibson"
//	db.operation.name        such as "GET"
//	server.address           from Options.Address, with server.port or, for a
//	network.transport        unix socket, "unix"
//	db.query.text            command and key, with Options.QueryText alone
//	db.response.status_code  what the server answered: the Outcome of gibson.Event,
//	                         unless that is what the client makes of the answer
//	error.type               the Outcome of a command that failed
//
// A command that failed has the status Error and its error as description. A
// key that is not there is no failure.
package gibsonotel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/gogibson/gibson"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Options are the settings of Hooks. Nil and the zero value stand for the
// defaults named with each field.
type Options struct {
	// TracerProvider makes the tracer. Nil stands for the global one at the
	// time of the call of Hooks.
	TracerProvider trace.TracerProvider

	// Address is that of the server, as gibson.Dial has it. Empty leaves
	// server.address out.
	Address string

	// QueryText adds the command with its key or prefix to each span, and the
	// error's text, which may name the key, to those that failed. They may
	// tell more about people than a trace should, so it is off by default. A
	// value never is part of a span.
	QueryText bool

	// Attributes are added to every span.
	Attributes []attribute.KeyValue
}

// scope is the name under which the spans are made.
const scope = "github.com/gogibson/gibson/contrib/gibsonotel"

// Hooks returns hooks that trace. They may serve several clients of the same
// server. An Address that Dial would not take for one is an error.
func Hooks(opts *Options) (*gibson.Hooks, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.TracerProvider == nil {
		o.TracerProvider = otel.GetTracerProvider()
	}
	server, err := serverAttributes(o.Address)
	if err != nil {
		return nil, err
	}
	common := append([]attribute.KeyValue{semconv.DBSystemNameKey.String("gibson")}, server...)
	t := &tracer{
		tracer:    o.TracerProvider.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)),
		common:    append(common, o.Attributes...),
		queryText: o.QueryText,
	}
	return &gibson.Hooks{Start: t.start, End: t.end}, nil
}

// tracer makes spans. It is the key of its own span in a context as well: the
// current span may by then be one of another hook.
type tracer struct {
	tracer    trace.Tracer
	common    []attribute.KeyValue
	queryText bool
}

func (t *tracer) start(ctx context.Context, e gibson.Event) context.Context {
	attrs := make([]attribute.KeyValue, 0, len(t.common)+2)
	attrs = append(attrs, semconv.DBOperationName(e.Command))
	if t.queryText && e.Key != "" {
		attrs = append(attrs, semconv.DBQueryText(e.Command+" "+e.Key))
	}
	ctx, span := t.tracer.Start(ctx, e.Command,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(append(attrs, t.common...)...))
	return context.WithValue(ctx, t, span)
}

func (t *tracer) end(ctx context.Context, e gibson.Event) {
	span, ok := ctx.Value(t).(trace.Span)
	if !ok {
		return
	}
	defer span.End()
	if !span.IsRecording() {
		return
	}
	outcome := e.Outcome()
	if e.Answered() && !clients(e, outcome) {
		span.SetAttributes(semconv.DBResponseStatusCode(outcome))
	}
	if e.Err == nil || errors.Is(e.Err, gibson.ErrNotFound) {
		return
	}
	span.SetAttributes(semconv.ErrorTypeKey.String(outcome))
	reason := outcome
	if t.queryText {
		reason = e.Err.Error()
	}
	span.SetStatus(codes.Error, reason)
}

// clients reports whether the outcome of a command that was answered is what
// the client makes of the answer, not what the server said: a reply that cannot
// be taken, or the value of a GET that is no number. No GET is answered NAN.
func clients(e gibson.Event, outcome string) bool {
	return outcome == "failed" || outcome == "not_a_number" && e.Command == "GET"
}

// serverAttributes describes an address of gibson.Dial.
func serverAttributes(address string) ([]attribute.KeyValue, error) {
	if address == "" {
		return nil, nil
	}
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		scheme, rest = "tcp", address
		if strings.ContainsRune(address, '/') || strings.HasPrefix(address, "@") {
			scheme = "unix"
		}
	}
	switch {
	case rest == "":
	case scheme == "unix":
		return []attribute.KeyValue{semconv.ServerAddress(rest), semconv.NetworkTransportUnix}, nil
	case scheme == "tcp", scheme == "tls":
		host, port, err := net.SplitHostPort(rest)
		if err != nil { // no port
			host, port = strings.Trim(rest, "[]"), gibson.DefaultPort
		}
		n, err := strconv.Atoi(port)
		if err == nil && host != "" {
			return []attribute.KeyValue{semconv.ServerAddress(host), semconv.ServerPort(n)}, nil
		}
	}
	return nil, fmt.Errorf("gibsonotel: address %q, want one of gibson.Dial", address)
}
