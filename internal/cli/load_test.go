package cli_test

import (
	"testing"
	"time"

	"github.com/gogibson/gibson/internal/cli"
	"github.com/gogibson/gibson/server"
)

// TestBusyPoll: 0 turns it off, which in a Server is the default.
func TestBusyPoll(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"auto": 0, "0": -1, "1": time.Microsecond, "1000": server.MaxBusyPoll,
	} {
		if got, err := cli.BusyPoll(text); err != nil || got != want {
			t.Errorf("busy_poll_us %s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"-1", "1001", "off", "200us"} {
		if got, err := cli.BusyPoll(text); err == nil {
			t.Errorf("busy_poll_us %s: %v, want an error", text, got)
		}
	}
}
