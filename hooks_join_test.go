package gibson_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/gogibson/gibson"
)

func TestOutcome(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{nil, "ok"},
		{gibson.ErrNotFound, "not_found"},
		{gibson.ErrLocked, "locked"},
		{gibson.ErrNotANumber, "not_a_number"},
		{gibson.ErrMemoryLimit, "memory_limit"},
		{gibson.ErrServer, "refused"},
		{context.Canceled, "canceled"},
		{context.DeadlineExceeded, "timeout"},
		{&gibson.AcquireError{Err: context.DeadlineExceeded}, "timeout"},
		{os.ErrDeadlineExceeded, "timeout"},
		{gibson.ErrClosed, "failed"},
		{io.EOF, "failed"},
		{new(gibson.ProtocolError), "failed"},
	} {
		if got := (gibson.Event{Err: tc.err}).Outcome(); got != tc.want {
			t.Errorf("Outcome of %v is %s, want %s", tc.err, got, tc.want)
		}
		if tc.err != nil {
			wrapped := gibson.Event{Err: fmt.Errorf("more: %w", tc.err)}
			if got := wrapped.Outcome(); got != tc.want {
				t.Errorf("Outcome of %v is %s, want %s", wrapped.Err, got, tc.want)
			}
		}
	}
	if (gibson.Event{Err: io.EOF}).Answered() || !(gibson.Event{Received: 8, Err: gibson.ErrLocked}).Answered() {
		t.Error("Answered is wrong")
	}
}

func TestJoinHooks(t *testing.T) {
	var calls []string
	type key struct{ name string }
	hooks := func(name string) *gibson.Hooks {
		return &gibson.Hooks{
			Start: func(ctx context.Context, _ gibson.Event) context.Context {
				calls = append(calls, "start "+name)
				if name == "b" && ctx.Value(key{"a"}) == nil {
					t.Error("b starts without the context of a")
				}
				return context.WithValue(ctx, key{name}, true)
			},
			End: func(ctx context.Context, e gibson.Event) {
				calls = append(calls, "end "+name)
				if ctx.Value(key{"a"}) == nil || ctx.Value(key{"b"}) == nil {
					t.Errorf("%s ends without a context", name)
				}
				if !errors.Is(e.Err, gibson.ErrNotFound) {
					t.Errorf("%s is told %v", name, e.Err)
				}
			},
		}
	}
	onlyEnd := &gibson.Hooks{End: func(context.Context, gibson.Event) { calls = append(calls, "end c") }}
	h := gibson.JoinHooks(hooks("a"), nil, hooks("b"), onlyEnd, &gibson.Hooks{})
	h.End(h.Start(t.Context(), gibson.Event{}), gibson.Event{Err: gibson.ErrNotFound})
	if want := []string{"start a", "start b", "end c", "end b", "end a"}; !slices.Equal(calls, want) {
		t.Errorf("%q, want %q", calls, want)
	}
	if h := gibson.JoinHooks(nil, &gibson.Hooks{}); h.Start != nil || h.End != nil {
		t.Error("hooks that do nothing are called")
	}
}
