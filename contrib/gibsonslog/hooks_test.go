package gibsonslog_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/contrib/gibsonslog"
	"github.com/gogibson/gibson/gibsontest"
)

// handler writes text without the time and the attributes named.
func handler(w io.Writer, level slog.Level, omit ...string) slog.Handler {
	return slog.NewTextHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || slices.Contains(omit, a.Key) {
				return slog.Attr{}
			}
			return a
		},
	})
}

func TestHooks(t *testing.T) {
	for _, tc := range []struct {
		opts *gibsonslog.Options
		e    gibson.Event
		want string
	}{
		{nil, gibson.Event{Command: "GET", Key: "k", Sent: 7, Received: 8, Duration: time.Second},
			`level=DEBUG msg="gibson command" command=GET key=k outcome=ok duration=1s sent=7 received=8`},
		{nil, gibson.Event{Command: "PING", Sent: 6, Err: io.EOF},
			`level=ERROR msg="gibson command" command=PING outcome=failed duration=0s sent=6 received=0 error=EOF`},
		{nil, gibson.Event{Command: "PING", Err: context.DeadlineExceeded},
			`level=ERROR msg="gibson command" command=PING outcome=timeout duration=0s sent=0 received=0 error="context deadline exceeded"`},
		{nil, gibson.Event{Command: "PING", Err: context.Canceled},
			`level=DEBUG msg="gibson command" command=PING outcome=canceled duration=0s sent=0 received=0 error="context canceled"`},
		{&gibsonslog.Options{Level: slog.LevelInfo}, gibson.Event{Command: "GET", Key: "k", Err: gibson.ErrNotFound},
			`level=INFO msg="gibson command" command=GET key=k outcome=not_found duration=0s sent=0 received=0 error="gibson: not found"`},
		{&gibsonslog.Options{SlowAfter: time.Second}, gibson.Event{Command: "PING", Duration: time.Second},
			`level=WARN msg="gibson command" command=PING outcome=ok duration=1s sent=0 received=0`},
		{&gibsonslog.Options{SlowAfter: time.Second}, gibson.Event{Command: "PING", Duration: time.Second - 1},
			`level=DEBUG msg="gibson command" command=PING outcome=ok duration=999.999999ms sent=0 received=0`},
		{&gibsonslog.Options{OmitKey: true},
			gibson.Event{Command: "SET", Key: "k", Err: &gibson.CommandError{Command: "SET", Key: "k", Err: gibson.ErrMemoryLimit}},
			`level=WARN msg="gibson command" command=SET outcome=memory_limit duration=0s sent=0 received=0`},
		{nil, gibson.Event{Command: "SET", Err: gibson.ErrServer},
			fmt.Sprintf(`level=WARN msg="gibson command" command=SET outcome=refused duration=0s sent=0 received=0 error=%q`, gibson.ErrServer)},
	} {
		var out bytes.Buffer
		h := gibsonslog.Hooks(slog.New(handler(&out, slog.LevelDebug)), tc.opts)
		h.End(t.Context(), tc.e)
		if out.String() != tc.want+"\n" {
			t.Errorf("got  %swant %s", out.String(), tc.want)
		}
	}
}

func TestLevelOff(t *testing.T) {
	var out bytes.Buffer
	h := gibsonslog.Hooks(slog.New(handler(&out, slog.LevelInfo)), nil)
	e := gibson.Event{Command: "GET", Key: "k"}
	if n := testing.AllocsPerRun(100, func() { h.End(t.Context(), e) }); n != 0 {
		t.Errorf("%v allocations for what is not logged", n)
	}
	if out.Len() != 0 {
		t.Errorf("logged %s", out.String())
	}
}

func ExampleHooks() {
	srv, err := gibsontest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	logger := slog.New(handler(os.Stdout, slog.LevelWarn, "duration")) // or any other
	ctx := context.Background()
	conn, err := gibson.Dial(ctx, srv.Addr(), &gibson.Options{
		Hooks: gibsonslog.Hooks(logger, &gibsonslog.Options{SlowAfter: time.Minute}),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Get(ctx, "greeting")        // not there: nothing worth a warning
	_, _ = conn.Do(ctx, "meta", "greeting") // refused: META needs a field
	// Output: level=WARN msg="gibson command" command=META outcome=refused sent=14 received=8 error="gibson: server refused the request (ERR)"
}
