package cli_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/gogibson/gibson/internal/cli"
)

func TestAddress(t *testing.T) {
	dir, err := os.MkdirTemp("", "gibson") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket, file, none := filepath.Join(dir, "s"), filepath.Join(dir, "f"), filepath.Join(dir, "n")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	env := map[string]string{"GIBSON_ADDR": "environment:1"}
	for _, tc := range []struct {
		flag   string
		env    map[string]string
		socket string
		want   string
	}{
		{"named:2", env, socket, "named:2"},
		{"", env, socket, "environment:1"},
		{"", nil, socket, socket},
		{"", nil, file, "127.0.0.1:10128"},
		{"", nil, none, "127.0.0.1:10128"},
	} {
		if got := cli.Address(tc.flag, tc.env, tc.socket); got != tc.want {
			t.Errorf("--addr %q, environment %v, socket %s: %q, want %q", tc.flag, tc.env, tc.socket, got, tc.want)
		}
	}
}
