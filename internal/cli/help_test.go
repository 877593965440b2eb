package cli_test

import (
	"strings"
	"testing"

	"github.com/gogibson/gibson/gibsontest"
	"github.com/gogibson/gibson/wire"
)

func TestHelpNamesEveryCommand(t *testing.T) {
	got := run(t, "", "--help")
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("status %d, stderr %q", got.status, got.stderr)
	}
	for _, c := range wire.Commands() {
		if !strings.Contains(got.stdout, "\n  "+strings.ToLower(c.Name)+" ") {
			t.Errorf("the help does not name %s", c.Name)
		}
	}
	for _, flag := range []string{
		"--unix-socket", "--address", "--port", "/tmp/gibson.sock", "127.0.0.1", "10128", "1G", "30d", "1K", "2096127", "4K", "2M", "64M", "1024", "15m",
	} {
		if help := run(t, "", "serve", "--help").stdout; !strings.Contains(help, flag) {
			t.Errorf("the help of serve does not name %s", flag)
		}
	}
}

// TestExamplesRun runs every example of every command's help.
func TestExamplesRun(t *testing.T) {
	t.Setenv("GIBSON_ADDR", gibsontest.NewServer(t).Addr())
	for _, c := range wire.Commands() {
		name := strings.ToLower(c.Name)
		help := run(t, "", name, "--help").stdout
		_, examples, _ := strings.Cut(help, "Examples:\n")
		examples, _, _ = strings.Cut(examples, "\n\n")
		if examples == "" {
			t.Errorf("gibson %s --help shows no example:\n%s", name, help)
			continue
		}
		for line := range strings.Lines(examples) {
			// What feeds a pipe is the shell's business.
			if _, piped, ok := strings.Cut(line, "| "); ok {
				line = piped
			}
			args := split(line)
			if len(args) < 2 || args[0] != "gibson" || args[1] != name {
				t.Errorf("example %q of %s is not one of that command", line, name)
				continue
			}
			if got := run(t, "value", withoutAddr(args[1:])...); got.status > 1 {
				t.Errorf("example %q: status %d, %s", line, got.status, got.stderr)
			}
		}
	}
}

// split divides a line into words as a shell does, as far as single quotes go.
func split(line string) []string {
	var args []string
	for i, part := range strings.Split(strings.TrimSpace(line), "'") {
		if i%2 == 1 {
			args = append(args, part)
		} else {
			args = append(args, strings.Fields(part)...)
		}
	}
	return args
}

// withoutAddr drops --addr and its value.
func withoutAddr(args []string) []string {
	for i, a := range args {
		if a == "--addr" {
			return append(args[:i:i], args[i+2:]...)
		}
	}
	return args
}

func TestVersion(t *testing.T) {
	got := run(t, "", "version")
	if got.status != 0 || !strings.HasPrefix(got.stdout, "gibson ") || !strings.Contains(got.stdout, " go1.") || strings.Count(got.stdout, "\n") != 1 {
		t.Errorf("status %d, stdout %q", got.status, got.stdout)
	}
}
