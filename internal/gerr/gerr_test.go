package gerr_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gogibson/gibson/internal/gerr"
)

func TestCodes(t *testing.T) {
	tests := []struct {
		code gerr.Code
		num  uint16
		name string
		err  error
	}{
		{gerr.CodeErr, 0, "ERR", gerr.ErrServer},
		{gerr.CodeNotFound, 1, "NOT_FOUND", gerr.ErrNotFound},
		{gerr.CodeNaN, 2, "NAN", gerr.ErrNotANumber},
		{gerr.CodeMem, 3, "MEM", gerr.ErrMemoryLimit},
		{gerr.CodeLocked, 4, "LOCKED", gerr.ErrLocked},
		{gerr.CodeOK, 5, "OK", nil},
		{gerr.CodeVal, 6, "VAL", nil},
		{gerr.CodeKVal, 7, "KVAL", nil},
	}
	for _, tc := range tests {
		if uint16(tc.code) != tc.num {
			t.Errorf("%v is %d, want %d", tc.code, uint16(tc.code), tc.num)
		}
		if got := tc.code.String(); got != tc.name {
			t.Errorf("%d is named %q, want %q", tc.num, got, tc.name)
		}
		if got := tc.code.Err(); got != tc.err {
			t.Errorf("%v.Err() = %v, want %v", tc.code, got, tc.err)
		}
		if tc.err != nil {
			if got := gerr.CodeOf(tc.err); got != tc.code {
				t.Errorf("CodeOf(%v) = %v, want %v", tc.err, got, tc.code)
			}
		}
	}
}

func TestUnknownCode(t *testing.T) {
	for _, c := range []gerr.Code{8, 256, 65535} {
		var perr *gerr.ProtocolError
		if err := c.Err(); !errors.As(err, &perr) || !strings.Contains(err.Error(), fmt.Sprint(uint16(c))) {
			t.Errorf("Code(%d).Err() = %v, want a *ProtocolError that names the code", uint16(c), err)
		}
		if got, want := c.String(), fmt.Sprintf("CODE(%d)", uint16(c)); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}

func TestCodeOf(t *testing.T) {
	for err, want := range map[error]gerr.Code{
		nil:                          gerr.CodeOK,
		gerr.ErrServer:               gerr.CodeErr,
		gerr.ErrClosed:               gerr.CodeErr,
		gerr.ErrInvalidKey:           gerr.CodeErr,
		errors.New("any other"):      gerr.CodeErr,
		error(&gerr.ProtocolError{}): gerr.CodeErr,
	} {
		if got := gerr.CodeOf(err); got != want {
			t.Errorf("CodeOf(%v) = %v, want %v", err, got, want)
		}
	}
}

// The sentinels are told apart by identity and by what they say.
func TestSentinels(t *testing.T) {
	all := []error{
		gerr.ErrServer, gerr.ErrNotFound, gerr.ErrNotANumber, gerr.ErrMemoryLimit, gerr.ErrLocked,
		gerr.ErrClosed, gerr.ErrInvalidKey, gerr.ErrInvalidValue, gerr.ErrTooLarge, gerr.ErrInvalidTTL,
		gerr.ErrInvalidField, gerr.ErrUnknownCommand, &gerr.ProtocolError{Msg: "what was wrong"},
	}
	seen := map[string]bool{}
	for i, err := range all {
		if msg := err.Error(); !strings.HasPrefix(msg, "gibson: ") || seen[msg] {
			t.Errorf("message %q, want one of its own that begins with the project's prefix", msg)
		}
		seen[err.Error()] = true
		for j, other := range all {
			if errors.Is(err, other) != (i == j) {
				t.Errorf("errors.Is(%v, %v) = %v", err, other, i != j)
			}
		}
	}
}

func TestCodeOfDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _ = gerr.CodeOf(gerr.ErrLocked) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
