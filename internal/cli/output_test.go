package cli_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/gogibson/gibson/gibsontest"
	"github.com/gogibson/gibson/internal/cli"
)

func TestJSON(t *testing.T) {
	scenario(t, []step{
		{args: words("ping --json"), stdout: "true\n"},
		{args: words("get k --json"), status: 1, stdout: "null\n", stderr: "not found"},
		{args: words("del k --json"), status: 1, stdout: "null\n", stderr: "not found"},
		{args: words("keys k --json"), status: 1, stdout: "[]\n", stderr: "nothing"},
		{args: words("mget k --json"), status: 1, stdout: "[]\n", stderr: "nothing"},
		{args: words("mdel k --json"), status: 1, stdout: "0\n", stderr: "nothing"},
		{args: words("count k --json"), stdout: "0\n"},
		{args: []string{"set", "k:1", "<é> & \"q\"\n\\", "--json"}, stdout: `"<é> & \"q\"\n\\"` + "\n"},
		{args: words("inc k:2 --json"), stdout: "1\n"},
		{args: words("set k:3 5 --json"), stdout: "\"5\"\n"}, // text, until INC makes it a number
		{args: []string{"set", "k:\xff", "\xfe\x00"}, stdout: "\xfe\x00"},
		{args: []string{"get", "k:\xff", "--json"}, stdout: `{"base64": "/gA="}` + "\n"},
		{args: words("keys k: --json"), stdout: `[
  "k:1",
  "k:2",
  "k:3",
  {"base64": "azr/"}
]
`},
		{args: words("mget k: --json"), stdout: `[
  {"key": "k:1", "value": "<é> & \"q\"\n\\"},
  {"key": "k:2", "value": 1},
  {"key": "k:3", "value": "5"},
  {"key": {"base64": "azr/"}, "value": {"base64": "/gA="}}
]
`},
		{args: words("inc k:1 --json"), status: 3, stderr: "not a number"},
		{args: words("set max 9223372036854775806"), stdout: "9223372036854775806"},
		{args: words("inc max --json"), stdout: "9223372036854775807\n"},
	})
}

func TestStats(t *testing.T) {
	t.Setenv("GIBSON_ADDR", gibsontest.NewServer(t).Addr())

	got := run(t, "", "stats")
	lines := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
	if got.status != 0 || len(lines) != 27 || !strings.HasPrefix(lines[0], "server_version\t") {
		t.Errorf("gibson stats: status %d, %d lines, first %q, want 0, 27, server_version", got.status, len(lines), lines[0])
	}

	got = run(t, "", "stats", "--json")
	var stats map[string]any
	if err := json.Unmarshal([]byte(got.stdout), &stats); err != nil || len(stats) != 27 {
		t.Fatalf("gibson stats --json: %v, %d members, want 27 of %s", err, len(stats), got.stdout)
	}
	// The connection of the first call may not have ended yet.
	if n, ok := stats["total_clients"].(float64); !ok || n < 1 {
		t.Errorf("total_clients is %v, want a number of at least 1", stats["total_clients"])
	}
}

func TestListsEscape(t *testing.T) {
	scenario(t, []step{
		{args: []string{"set", "k\t\\", "a\nb\tc\rd\\e"}, stdout: "a\nb\tc\rd\\e"},
		{args: words("keys k"), stdout: `k\t\\` + "\n"},
		{args: words("mget k"), stdout: `k\t\\` + "\t" + `a\nb\tc\rd\\e` + "\n"},
		{args: words("keys k --raw"), stdout: "k\t\\\n"},
		{args: words("mget k --raw"), stdout: "k\t\\\ta\nb\tc\rd\\e\n"},
	})
}

func TestTerminal(t *testing.T) {
	env := map[string]string{"GIBSON_ADDR": gibsontest.NewServer(t).Addr()}
	for _, s := range []step{
		{args: words("set foo bar"), stdout: "bar\n"},
		{args: words("get foo --raw"), stdout: "bar"},
		{args: words("get foo --json"), stdout: "\"bar\"\n"},
		{args: words("inc n"), stdout: "1\n"},
		{args: words("ping"), stdout: "OK\n"},
		{args: words("keys f"), stdout: "foo\n"},
		{args: words("mdel nosuch"), status: 1, stdout: "0\n"},
	} {
		var stdout, stderr bytes.Buffer
		status := cli.RunOnTerminal(t.Context(), s.args, strings.NewReader(""), &stdout, &stderr, env)
		if status != s.status || stdout.String() != s.stdout {
			t.Errorf("gibson %q: status %d, stdout %q, want %d, %q (stderr %q)", s.args, status, stdout.String(), s.status, s.stdout, stderr.String())
		}
	}
}
