package command

import (
	"runtime"
	"strings"
	"testing"
)

// TestStallJudges runs the server that says how long its cache was locked.
func TestStallJudges(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("runs a server")
	}
	out, err := run(t, "stall", "-servers", "gibson", "-keys", "1000", "-rate", "1000", "-duration", "50ms", "-stall", "1h")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "no stall of 1h0m0s or more is the engine's own") {
		t.Errorf("report lacks the verdict:\n%s", out)
	}
}
