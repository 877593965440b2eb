package gibson_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gogibson/gibson"
)

func TestCommandError(t *testing.T) {
	for _, tc := range []struct {
		err  gibson.CommandError
		want string
	}{
		{gibson.CommandError{Command: "GET", Key: "a\"\x00", Err: gibson.ErrNotFound}, `gibson: GET "a\"\x00": not found`},
		{gibson.CommandError{Command: "PING", Err: errors.New("cause")}, "gibson: PING: cause"},
		{gibson.CommandError{Command: "GET", Key: strings.Repeat("x", 100), Err: gibson.ErrLocked},
			`gibson: GET "` + strings.Repeat("x", 80) + `"…: item is locked`},
		{gibson.CommandError{Command: "GET", Key: "k", Err: &gibson.ProtocolError{Msg: "bad"}}, `gibson: GET "k": protocol error: bad`},
	} {
		if got := tc.err.Error(); got != tc.want {
			t.Errorf("%s, want %s", got, tc.want)
		}
		if !errors.Is(&tc.err, tc.err.Err) {
			t.Errorf("%v is not its cause", &tc.err)
		}
	}
	for err, want := range map[error]bool{context.DeadlineExceeded: true, context.Canceled: false, gibson.ErrLocked: false} {
		if got := (&gibson.CommandError{Err: err}).Timeout(); got != want {
			t.Errorf("Timeout of %v is %v", err, got)
		}
	}
}
