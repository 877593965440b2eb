// Package peer knows the servers that are compared: how each is started, and
// which protocol it is fastest with.
package peer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gogibson/gibson/bench/internal/proc"
	"github.com/gogibson/gibson/bench/internal/proto"
)

// ErrNotInstalled says that a peer's program is not on this machine. Its
// columns are then left out, and the report says so.
var ErrNotInstalled = errors.New("not installed")

// Peer is one server to measure.
type Peer struct {
	Name     string // short, for column headings and flags
	Version  string
	Protocol proto.Protocol
	Argv     []string          // with proc's placeholders
	Files    map[string]string // written into its directory before it starts
}

// Start starts the peer. The caller must Stop it.
func (p Peer) Start(ctx context.Context) (*proc.Server, error) {
	return proc.Start(ctx, p.Name, p.Argv, p.Files)
}

// String returns name and version.
func (p Peer) String() string { return strings.TrimSpace(p.Name + " " + p.Version) }

// Redis is redis-server without persistence, on one thread as it is installed.
func Redis(ctx context.Context) (Peer, error) {
	version, err := versionOf(ctx, "redis-server")
	if err != nil {
		return Peer{}, err
	}
	return Peer{
		Name: "Redis", Version: version, Protocol: proto.RESP{},
		Argv: []string{
			"redis-server", "--port", "0", "--unixsocket", proc.Socket, "--dir", proc.Directory,
			"--save", "", "--appendonly", "no", "--daemonize", "no", "--maxmemory", "0",
		},
	}, nil
}

// Memcached is memcached with two threads, spoken to in one of its three
// protocols.
func Memcached(ctx context.Context, protocol proto.Protocol) (Peer, error) {
	version, err := versionOf(ctx, "memcached")
	if err != nil {
		return Peer{}, err
	}
	return Peer{
		Name: "memcached", Version: version, Protocol: protocol,
		// -u: it refuses to run as root without a user's name.
		Argv: []string{"memcached", "-s", proc.Socket, "-t", "2", "-m", "8192", "-c", "2048", "-u", "root"},
	}, nil
}

// gibsonCommand serves this tree.
const gibsonCommand = "serve --unix-socket " + proc.Socket

// Gibson is this project's server, built from the tree into dir, with further
// flags of `gibson serve`. If command is not empty it is run instead; it must
// listen on the unix socket {socket}.
func Gibson(ctx context.Context, dir, command string, flags ...string) (Peer, error) {
	p := Peer{Name: "Gibson", Protocol: proto.Gibson{}}
	if command != "" {
		p.Argv = append(strings.Fields(command), flags...)
		return p, nil
	}
	// In the main module's own directory, with the versions and the flags that
	// it is released with.
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/gogibson/gibson").Output()
	if err != nil {
		return Peer{}, fmt.Errorf("find the server's source (run this inside bench/): %w", err)
	}
	program := filepath.Join(dir, "gibson")
	build := exec.CommandContext(ctx, "go", "-C", strings.TrimSpace(string(root)), "build", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", program, "./cmd/gibson")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return Peer{}, fmt.Errorf("build the server: %w: %.2000s", err, out)
	}
	p.Argv = append([]string{program}, strings.Fields(gibsonCommand)...)
	p.Argv = append(p.Argv, flags...)
	return p, nil
}

var versionNumber = regexp.MustCompile(`[0-9]+\.[0-9]+\.[0-9]+`)

// versionOf asks an installed program for its version.
func versionOf(ctx context.Context, program string) (string, error) {
	if _, err := exec.LookPath(program); err != nil {
		return "", fmt.Errorf("%s: %w", program, ErrNotInstalled)
	}
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", program, err)
	}
	return versionNumber.FindString(string(out)), nil
}
