package cli_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gogibson/gibson/internal/cli"
)

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"get k":                     "get -- k",
		"GET k":                     "get -- k",
		"get k --json":              "get --json -- k",
		"--json get k":              "get --json -- k",
		"--addr x:1 get k":          "get --addr x:1 -- k",
		"--addr=x:1 get k":          "get --addr=x:1 -- k",
		"ttl k -1":                  "ttl -- k -1",
		"lock k -1 --timeout 5s":    "lock --timeout 5s -- k -1",
		"set -5 -6 --ttl -1":        "set --ttl -1 -- -5 -6",
		"set k - --ttl 5":           "set --ttl 5 -- k -",
		"get -- -k":                 "get -- -k",
		"get -- --json":             "get -- --json",
		"get --json -- --raw":       "get --json -- --raw",
		"set --ttl":                 "set --ttl", // left for the parser to refuse
		"get --nosuch k":            "get --nosuch -- k",
		"get -h":                    "get -h --",
		"serve --port 1":            "serve --port 1",
		"help get":                  "help get",
		"nosuch -1":                 "nosuch -1",
		"__complete get --a":        "__complete get --a",
		"--json":                    "--json",
		"-- get":                    "get --",
		"--addr get version --json": "--addr get version --json",
	} {
		if got := cli.Normalize(strings.Fields(in)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("normalize(%q) = %q, want %q", in, got, strings.Fields(want))
		}
	}
}
