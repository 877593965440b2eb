package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/cli"
)

// runAt executes a command line with an environment and a file in the place of
// /etc/gibson/gibson.conf. A server that starts is stopped at once.
func runAt(t *testing.T, environ []string, originalFile string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	status := cli.RunAt(ctx, args, &stdout, &stderr, append(environ, "GIBSON_ADMIN=off"), originalFile)
	return result{status, stdout.String(), stderr.String()}
}

// writeFile writes a file into a new directory and returns its path.
func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "gibson.conf")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAloneWithoutFile(t *testing.T) {
	got := runAt(t, []string{"GIBSON_PORT=0"}, filepath.Join(t.TempDir(), "none"))
	if got.status != 2 || got.stdout != "" || !strings.Contains(got.stderr, "Usage:\n  gibson [") {
		t.Errorf("status %d, stdout %q, stderr %q, want 2 and the help on stderr", got.status, got.stdout, got.stderr)
	}
}

// TestWhichFile shows by --check which file a start reads.
func TestWhichFile(t *testing.T) {
	original, other := writeFile(t, "max_clients 7\n"), writeFile(t, "max_clients 8\n")
	none := filepath.Join(t.TempDir(), "none")
	for _, tc := range []struct {
		name, original string
		args           []string
		want           string // value and source of max_clients
	}{
		{"only --check", original, words("--check"), "7 # " + original + ":1"},
		{"directives", original, words("--port 1 --check"), "7 # " + original + ":1"},
		{"a directive that the file has", original, words("--max_clients 9 --check"), "9 # --max-clients"},
		{"a value that is a command", original, words("--logfile get --check"), "7 # " + original + ":1"},
		{"no file there", none, words("--check"), "1024 # default"},
		{"-c", original, []string{"-c", other, "--check"}, "8 # " + other + ":1"},
		{"--config", original, []string{"--check", "--config=" + other}, "8 # " + other + ":1"},
		{"serve", original, words("serve --check"), "1024 # default"},
		{"serve -c", original, []string{"serve", "-c", other, "--check"}, "8 # " + other + ":1"},
		{"-c before serve", original, []string{"-c", other, "serve", "--check"}, "8 # " + other + ":1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := runAt(t, nil, tc.original, tc.args...)
			if got.status != 0 || got.stderr != "" {
				t.Fatalf("status %d, stderr %q", got.status, got.stderr)
			}
			if !strings.Contains(strings.Join(strings.Fields(got.stdout), " "), " max_clients "+tc.want+" ") {
				t.Errorf("want max_clients %s in\n%s", tc.want, got.stdout)
			}
		})
	}
	got := runAt(t, []string{"GIBSON_MAX_CLIENTS=6"}, original, "--check")
	if !strings.Contains(strings.Join(strings.Fields(got.stdout), " "), " max_clients 6 # GIBSON_MAX_CLIENTS ") {
		t.Errorf("the environment does not override the file:\n%s", got.stdout)
	}
}

func TestCheckReportsEverything(t *testing.T) {
	file := writeFile(t, "max_memory lots\nport 1\nmaxclients 4\n")
	got := runAt(t, []string{"GIBSON_LOGLEVEL=loud"}, "", "-c", file, "--check")
	if got.status != 2 || got.stdout != "" {
		t.Errorf("status %d, stdout %q, want 2 and nothing", got.status, got.stdout)
	}
	for _, want := range []string{file + `:1: max_memory is "lots", want `, file + ":3: unknown directive", `GIBSON_LOGLEVEL: loglevel is "loud", want 0 (debug), `} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("stderr %q, want %q in it", got.stderr, want)
		}
	}
	if strings.Contains(got.stderr, "--help") {
		t.Errorf("stderr %q hints at the usage, which was right", got.stderr)
	}
	got = runAt(t, nil, "", "serve", "-c", filepath.Join(t.TempDir(), "none"))
	if got.status != 2 || !strings.Contains(got.stderr, "no such file") {
		t.Errorf("a file that is not there: status %d, stderr %q", got.status, got.stderr)
	}
	got = runAt(t, nil, "", "serve", "--check", "--max-value-size", "3M")
	if got.status != 0 || !strings.Contains(got.stderr, "no value above max_request_size") {
		t.Errorf("status %d, stderr %q, want 0 and the warning", got.status, got.stderr)
	}
}

// TestCheckBrokenFiles has --check read every broken file of package config.
func TestCheckBrokenFiles(t *testing.T) {
	files, err := filepath.Glob("../config/testdata/broken/*.conf")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v, want twenty or more", len(files), err)
	}
	for _, file := range files {
		want, err := os.ReadFile(strings.TrimSuffix(file, ".conf") + ".want")
		if err != nil {
			t.Fatal(err)
		}
		// The messages name the file as it was given.
		full := "gibson: " + strings.ReplaceAll(string(want), filepath.Base(file)+":", file+":")
		var stdout, stderr bytes.Buffer
		status := cli.RunAt(t.Context(), []string{"--check", "-c", file}, &stdout, &stderr, nil, "")
		if status != 2 || stdout.Len() > 0 || stderr.String() != full {
			t.Errorf("%s: status %d, stdout %q, stderr\n%swant 2 and\n%s", file, status, &stdout, &stderr, full)
		}
	}
}

func TestPublicAddressIsRefused(t *testing.T) {
	for _, args := range [][]string{words("serve --address 0.0.0.0 --port 0"), words("--address :: --port 0"), words("serve --check --address 10.1.2.3")} {
		got := runAt(t, nil, "", args...)
		if got.status != 2 || !strings.Contains(got.stderr, `--address: address is `) || !strings.Contains(got.stderr, `write "allow_unauthenticated yes"`) {
			t.Errorf("gibson %q: status %d, stderr %q, want 2 and what to write", args, got.status, got.stderr)
		}
	}
	got := runAt(t, nil, "", words("serve --address 0.0.0.0 --port 0 --allow-unauthenticated yes")...)
	if got.status != 0 || !strings.Contains(got.stderr, "everyone who can reach the address") {
		t.Errorf("status %d, stderr %q, want 0 and a warning", got.status, got.stderr)
	}
}

// TestCheckKnowsTheCeiling: what --check lets pass as max_memory, a cache takes,
// and what it refuses, with the line, a cache refuses as well.
func TestCheckKnowsTheCeiling(t *testing.T) {
	const ceiling = 20 << 30
	if cache.OffHeap { // elsewhere that is memory, and not only addresses
		c, err := cache.New(&cache.Options{MaxMemory: ceiling})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if c, err := cache.New(&cache.Options{MaxMemory: ceiling + 1}); err == nil {
		c.Close()
		t.Error("a cache takes more than the ceiling")
	}
	if got := runAt(t, nil, "", "-c", writeFile(t, "max_memory 20G\n"), "--check"); got.status != 0 {
		t.Errorf("20G: status %d, stderr %q, want 0", got.status, got.stderr)
	}
	file := writeFile(t, "port 1\nmax_memory 21474836481\n")
	got := runAt(t, nil, "", "-c", file, "--check")
	if want := file + `:2: max_memory is "21474836481", want a size from 1 to 20G, or auto`; got.status != 2 || !strings.Contains(got.stderr, want) {
		t.Errorf("a byte more: status %d, stderr %q, want 2, %q", got.status, got.stderr, want)
	}
}
