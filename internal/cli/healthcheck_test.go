//go:build unix

package cli_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gogibson/gibson/gibsontest"
	"github.com/gogibson/gibson/internal/cli"
)

// checkAt runs healthcheck in an environment.
func checkAt(t *testing.T, environ []string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := cli.RunAt(t.Context(), append([]string{"healthcheck"}, args...), &stdout, &stderr, environ, "")
	return result{status, stdout.String(), stderr.String()}
}

// healthy runs healthcheck and expects that status, and words on stderr
// unless it is 0.
func healthy(t *testing.T, status int, stderr string, environ []string, args ...string) {
	t.Helper()
	got := checkAt(t, environ, args...)
	if got.status != status || got.stdout != "" || !strings.Contains(got.stderr, stderr) || stderr == "" && got.stderr != "" {
		t.Errorf("environment %q, gibson healthcheck %q: status %d, %q, want %d, %q", environ, args, got.status, got.stderr, status, stderr)
	}
}

// TestHealthcheckFindsTheServer checks one server by all the ways to name it.
func TestHealthcheckFindsTheServer(t *testing.T) {
	dir := socketDir(t)
	socket, none, conf := filepath.Join(dir, "s"), filepath.Join(dir, "none"), filepath.Join(dir, "gibson.conf")
	server := serving(t, "network=tcp", "--unix-socket", socket, "--port", "0", "--admin", "127.0.0.1:0")
	_, line, _ := strings.Cut(server.until, "network=tcp addr=127.0.0.1:")
	port := strings.Fields(line)[0]
	admin := server.admin(t)
	if err := os.WriteFile(conf, []byte("unix_socket "+socket+"\nadmin "+admin+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	healthy(t, 0, "", nil, "--addr", socket)
	healthy(t, 0, "", nil, "--addr", "127.0.0.1:"+port)
	healthy(t, 0, "", nil, "-c", conf)
	healthy(t, 0, "", []string{"GIBSON_UNIX_SOCKET=" + socket})
	healthy(t, 0, "", []string{"GIBSON_PORT=" + port})
	healthy(t, 0, "", []string{"GIBSON_LISTEN=unix://" + socket + "?mode=0700 tcp://127.0.0.1:1"})
	healthy(t, 0, "", []string{"GIBSON_LISTEN=tcp://0.0.0.0:" + port, "GIBSON_ALLOW_UNAUTHENTICATED=yes"})
	healthy(t, 1, "tls://127.0.0.1:"+port, []string{"GIBSON_LISTEN=tls://127.0.0.1:" + port, "GIBSON_TLS_CERT=/c"})
	healthy(t, 0, "", []string{"GIBSON_PORT=" + port, "GIBSON_ADDRESS=0.0.0.0", "GIBSON_ALLOW_UNAUTHENTICATED=yes"})
	healthy(t, 0, "", nil, "-c", conf, "--ready")
	healthy(t, 0, "", []string{"GIBSON_ADMIN=" + admin}, "--ready")
	healthy(t, 0, "", nil, "--addr", admin, "--ready")

	healthy(t, 1, none, nil, "--addr", none)
	healthy(t, 1, none, []string{"GIBSON_UNIX_SOCKET=" + none})
	healthy(t, 1, "from 0 to 65535", []string{"GIBSON_PORT=x"})
	healthy(t, 1, "no such file", nil, "-c", none)
	healthy(t, 1, "admin is off", []string{"GIBSON_ADMIN=off"}, "--ready")
	healthy(t, 2, "want more than 0", nil, "--timeout", "0s")
	healthy(t, 2, "unknown command", nil, "now")
	healthy(t, 1, "begins with tls://", nil, "--addr", socket, "--cert", none)
	healthy(t, 1, "begins with tls://", nil, "--addr", socket, "--ca", none)

	if status, log := server.end(); status != 0 {
		t.Errorf("status %d:\n%s", status, log)
	}
	healthy(t, 1, socket, nil, "-c", conf)
	healthy(t, 1, "refused", nil, "-c", conf, "--ready")
}

// TestHealthcheckNotReady asks an endpoint that says why not.
func TestHealthcheckNotReady(t *testing.T) {
	answer := func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "starting or stopping", http.StatusServiceUnavailable)
	}
	web := httptest.NewServer(http.HandlerFunc(answer))
	defer web.Close()
	healthy(t, 1, "503 Service Unavailable: starting or stopping", nil, "--ready", "--addr", web.Listener.Addr().String())
}

// TestHealthcheckGivesUp asks one that accepts and never answers.
func TestHealthcheckGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	healthy(t, 1, "deadline", nil, "--addr", l.Addr().String(), "--timeout", "50ms")
	healthy(t, 1, "deadline", nil, "--addr", l.Addr().String(), "--ready", "--timeout", "50ms")
}

// TestHealthcheckOverTLS asks a server that answers over TLS alone.
func TestHealthcheckOverTLS(t *testing.T) {
	// It has a certificate for 127.0.0.1 and one who signed it.
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	srv := gibsontest.NewServer(t)
	ended := make(chan error, 1)
	go func() { ended <- srv.Server().Serve(l) }()
	address := "tls://" + l.Addr().String()
	healthy(t, 0, "", nil, "--addr", address, "--ca", ca)
	healthy(t, 1, new(x509.UnknownAuthorityError).Error(), nil, "--addr", address)
	healthy(t, 1, "no certificate in PEM", nil, "--addr", address, "--ca", os.DevNull)
	healthy(t, 1, "no such file", nil, "--addr", address, "--cert", ca+".none", "--key", ca)
}
