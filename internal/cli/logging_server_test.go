//go:build unix

package cli_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestServerOutlivesItsLog: while no line can be written whole a server serves,
// and its metric counts the lines; later ones are whole.
func TestServerOutlivesItsLog(t *testing.T) {
	for _, tc := range logFaults {
		if tc.lost == 0 {
			continue // it writes every line, one at a time
		}
		t.Run(tc.name, func(t *testing.T) {
			const token = "the token of this test"
			dir := socketDir(t)
			socket, tokenFile := filepath.Join(dir, "s"), filepath.Join(dir, "token")
			if err := os.WriteFile(tokenFile, []byte(token), 0o600); err != nil {
				t.Fatal(err)
			}
			var disk faultyLog
			server := servingThrough(t, func(log io.Writer) io.Writer {
				disk.Writer = log
				return &disk
			}, "network=unix", "--unix-socket", socket, "--admin", "127.0.0.1:0", "--admin-token-file", tokenFile)
			base := "http://" + server.admin(t)
			disk.set(tc.write)
			for range 2 { // a line of the log each
				if status, body := fetch(t, "POST", base+"/flush?confirm=flush", token); status != 200 {
					t.Fatalf("flush while the log is broken: %d, %q", status, body)
				}
			}
			if _, metrics := fetch(t, "GET", base+"/metrics", ""); !strings.Contains(metrics, "\ngibson_log_lines_lost_total 2\n") {
				t.Errorf("no metric of 2 lost lines in\n%s", metrics)
			}
			t.Setenv("GIBSON_ADDR", socket)
			if got := run(t, "", "set", "foo", "bar"); got.status != 0 || got.stdout != "bar" {
				t.Errorf("set while the log is broken: status %d, %q, %q", got.status, got.stdout, got.stderr)
			}
			disk.set(nil)
			status, log := server.end()
			if status != 0 {
				t.Errorf("status %d, want 0", status)
			}
			for _, whole := range []string{" msg=stopping ", ` level=WARN msg="lines of the log were lost" lines=2`, " msg=stopped"} {
				found := 0
				for line := range strings.Lines(log) {
					if strings.Contains(line, whole) && strings.HasPrefix(line, "time=") && strings.Count(line, "time=") == 1 {
						found++
					}
				}
				if found != 1 {
					t.Errorf("%q is in %d lines of its own, want one", whole, found)
				}
			}
			if t.Failed() {
				t.Logf("the log:\n%s", log)
			}
		})
	}
}
