package gibsonotel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"strings"
	"testing"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/contrib/gibsonotel"
	"github.com/gogibson/gibson/gibsontest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// recorded returns a provider and what records its spans.
func recorded() (*sdk.TracerProvider, *tracetest.SpanRecorder) {
	r := tracetest.NewSpanRecorder()
	return sdk.NewTracerProvider(sdk.WithSpanProcessor(r)), r
}

// hooks returns hooks that trace to provider.
func hooks(t *testing.T, o gibsonotel.Options) *gibson.Hooks {
	t.Helper()
	h, err := gibsonotel.Hooks(&o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// text renders a span's attributes in order of their keys, and its status.
func text(s sdk.ReadOnlySpan) string {
	var words []string
	for _, kv := range s.Attributes() {
		words = append(words, string(kv.Key)+"="+kv.Value.String())
	}
	slices.Sort(words)
	if st := s.Status(); st.Code != codes.Unset {
		words = append(words, fmt.Sprintf("%v(%s)", st.Code, st.Description))
	}
	return s.Name() + ": " + strings.Join(words, " ")
}

func TestSpans(t *testing.T) {
	refused := &gibson.CommandError{Command: "SET", Key: "k", Err: gibson.ErrLocked}
	for _, tc := range []struct {
		opts gibsonotel.Options
		e    gibson.Event
		want string
	}{
		{gibsonotel.Options{}, gibson.Event{Command: "GET", Key: "k", Received: 8},
			`GET: db.operation.name=GET db.response.status_code=ok db.system.name=gibson`},
		{gibsonotel.Options{}, gibson.Event{Command: "GET", Key: "k", Received: 8, Err: gibson.ErrNotFound},
			`GET: db.operation.name=GET db.response.status_code=not_found db.system.name=gibson`},
		{gibsonotel.Options{}, gibson.Event{Command: "SET", Key: "k", Received: 8, Err: refused},
			`SET: db.operation.name=SET db.response.status_code=locked db.system.name=gibson error.type=locked Error(locked)`},
		{gibsonotel.Options{QueryText: true}, gibson.Event{Command: "SET", Key: "k", Received: 8, Err: refused},
			`SET: db.operation.name=SET db.query.text=SET k db.response.status_code=locked db.system.name=gibson error.type=locked ` +
				`Error(gibson: SET "k": item is locked)`},
		{gibsonotel.Options{QueryText: true}, gibson.Event{Command: "PING", Err: context.DeadlineExceeded},
			`PING: db.operation.name=PING db.system.name=gibson error.type=timeout Error(context deadline exceeded)`},
		{gibsonotel.Options{}, gibson.Event{Command: "INC", Err: errors.New("cut")},
			`INC: db.operation.name=INC db.system.name=gibson error.type=failed Error(failed)`},
		{gibsonotel.Options{}, gibson.Event{Command: "GET", Received: 8, Err: &gibson.ProtocolError{Msg: "OK reply"}},
			`GET: db.operation.name=GET db.system.name=gibson error.type=failed Error(failed)`},
		{gibsonotel.Options{Address: "tls://cache.example", Attributes: []attribute.KeyValue{attribute.String("cache", "users")}},
			gibson.Event{Command: "PING", Received: 8},
			`PING: cache=users db.operation.name=PING db.response.status_code=ok db.system.name=gibson ` +
				`server.address=cache.example server.port=10128`},
		{gibsonotel.Options{Address: "[::1]:99"}, gibson.Event{Command: "PING", Received: 8},
			`PING: db.operation.name=PING db.response.status_code=ok db.system.name=gibson server.address=::1 server.port=99`},
		{gibsonotel.Options{Address: "/run/gibson.sock"}, gibson.Event{Command: "PING", Received: 8},
			`PING: db.operation.name=PING db.response.status_code=ok db.system.name=gibson network.transport=unix ` +
				`server.address=/run/gibson.sock`},
	} {
		provider, spans := recorded()
		tc.opts.TracerProvider = provider
		h := hooks(t, tc.opts)
		start := tc.e
		start.Received, start.Err = 0, nil
		h.End(h.Start(t.Context(), start), tc.e)
		ended := spans.Ended()
		if len(ended) != 1 {
			t.Fatalf("%d spans of one command", len(ended))
		}
		if got := text(ended[0]); got != tc.want {
			t.Errorf("%s\nwant %s", got, tc.want)
		}
		if kind := ended[0].SpanKind(); kind != trace.SpanKindClient {
			t.Errorf("kind %v", kind)
		}
	}
}

func TestAddress(t *testing.T) {
	for _, address := range []string{"unix://", "http://x", ":10128", "host:port"} {
		if _, err := gibsonotel.Hooks(&gibsonotel.Options{Address: address}); err == nil || !strings.Contains(err.Error(), address) {
			t.Errorf("address %q: %v, want an error that names it", address, err)
		}
	}
}

// TestSpansOfConn checks the place of the spans in a trace: under the span of
// the call's context, side by side for a Pipeline, also where a second hook
// has put a span of its own into the context.
func TestSpansOfConn(t *testing.T) {
	provider, spans := recorded()
	tracer := provider.Tracer("test")
	joined := gibson.JoinHooks(hooks(t, gibsonotel.Options{TracerProvider: provider}), &gibson.Hooks{
		Start: func(ctx context.Context, _ gibson.Event) context.Context {
			ctx, _ = tracer.Start(ctx, "of another hook")
			return ctx
		},
	})
	conn, err := gibson.Dial(t.Context(), gibsontest.NewServer(t).Addr(), &gibson.Options{Hooks: joined})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	ctx, parent := tracer.Start(t.Context(), "request")
	if err := conn.Set(ctx, "k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	p := conn.Pipeline()
	p.Do("get", "k")
	p.Do("get", "none")
	p.Do("set")
	if _, err := p.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	parent.End()

	var names []string
	for _, s := range spans.Ended() {
		if s.Name() == "request" {
			continue
		}
		names = append(names, s.Name()+" "+s.Status().Code.String())
		if got, want := s.Parent().SpanID(), parent.SpanContext().SpanID(); got != want {
			t.Errorf("%s: parent %v, want %v", s.Name(), got, want)
		}
	}
	if want := []string{"SET Unset", "GET Unset", "GET Unset", "SET Error"}; !slices.Equal(names, want) {
		t.Errorf("spans %v, want %v", names, want)
	}
}

// TestStatusIsTheServers has INC and GetInt of text: the server says only of the
// former that it is no number, the latter finds that out by itself.
func TestStatusIsTheServers(t *testing.T) {
	provider, spans := recorded()
	conn, err := gibson.Dial(t.Context(), gibsontest.NewServer(t).Addr(), &gibson.Options{
		Hooks: hooks(t, gibsonotel.Options{TracerProvider: provider}),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Set(t.Context(), "k", []byte("text"), 0); err != nil {
		t.Fatal(err)
	}
	_, inc := conn.Inc(t.Context(), "k")
	_, get := conn.GetInt(t.Context(), "k")
	if !errors.Is(inc, gibson.ErrNotANumber) || !errors.Is(get, gibson.ErrNotANumber) {
		t.Fatalf("%v, %v", inc, get)
	}
	for i, want := range []string{
		`SET: db.operation.name=SET db.response.status_code=ok db.system.name=gibson`,
		`INC: db.operation.name=INC db.response.status_code=not_a_number db.system.name=gibson error.type=not_a_number Error(not_a_number)`,
		`GET: db.operation.name=GET db.system.name=gibson error.type=not_a_number Error(not_a_number)`,
	} {
		if got := text(spans.Ended()[i]); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// TestTwoTracers joins two adapters: each ends its own span.
func TestTwoTracers(t *testing.T) {
	one, spansOfOne := recorded()
	two, spansOfTwo := recorded()
	h := gibson.JoinHooks(hooks(t, gibsonotel.Options{TracerProvider: one}), hooks(t, gibsonotel.Options{TracerProvider: two}))
	h.End(h.Start(t.Context(), gibson.Event{Command: "PING"}), gibson.Event{Command: "PING", Received: 8})
	if a, b := len(spansOfOne.Ended()), len(spansOfTwo.Ended()); a != 1 || b != 1 {
		t.Errorf("%d and %d spans ended, want one each", a, b)
	}
}

// TestUnsampled checks that a span that nobody records is ended quietly, and
// that End without Start does nothing.
func TestUnsampled(t *testing.T) {
	r := tracetest.NewSpanRecorder()
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(r), sdk.WithSampler(sdk.NeverSample()))
	h := hooks(t, gibsonotel.Options{TracerProvider: provider})
	h.End(h.Start(t.Context(), gibson.Event{Command: "PING"}), gibson.Event{Command: "PING"})
	h.End(t.Context(), gibson.Event{Command: "PING"})
	if n := len(r.Ended()); n != 0 {
		t.Errorf("%d spans", n)
	}
}

func ExampleHooks() {
	spans := tracetest.NewSpanRecorder() // an exporter in a program
	hooks, err := gibsonotel.Hooks(&gibsonotel.Options{
		TracerProvider: sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)),
	})
	if err != nil {
		log.Fatal(err)
	}
	server, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	conn, err := gibson.Dial(context.Background(), server.Addr(), &gibson.Options{Hooks: hooks})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	_ = conn.Set(context.Background(), "user:42:name", []byte("Ada"), 0)
	_, _ = conn.Get(context.Background(), "user:42:name")
	for _, s := range spans.Ended() {
		fmt.Println(s.Name(), s.SpanKind())
	}
	// Output:
	// SET client
	// GET client
}
