//go:build unix

package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/internal/testcert"
)

// logged returns the address that the log has for a network.
func logged(t *testing.T, log, network string) string {
	t.Helper()
	_, line, ok := strings.Cut(log, "msg=listening network="+network+" addr=")
	if !ok {
		t.Fatalf("nothing listens on %s in\n%s", network, log)
	}
	return strings.Fields(line)[0]
}

// TestServeTLS has several listeners, with commands as their clients.
func TestServeTLS(t *testing.T) {
	ca := testcert.New(t)
	own, web, db := ca.Issue(t, time.Hour, "cache"), ca.Issue(t, time.Hour, "web"), ca.Issue(t, time.Hour, "db")
	dir := socketDir(t)
	socket := filepath.Join(dir, "s")
	conf := filepath.Join(dir, "gibson.conf")
	if err := os.Chmod(own.Key, 0o604); err != nil {
		t.Fatal(err)
	}
	text := "tls_cert " + own.Certificate + "\ntls_key " + own.Key + "\ntls_client_ca " + ca.File + "\ntls_client_names web other\n" +
		"listen unix://" + socket + "?mode=0770\nlisten tls://127.0.0.1:0\nadmin off\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	server := serving(t, "network=tls", "-c", conf)
	if !strings.Contains(server.until, "can read the private key: want mode 0600 or 0640\" file="+own.Key) {
		t.Errorf("want a word about the key, which everybody can read:\n%s", server.until)
	}
	if strings.Contains(server.until, "network=tcp") || !strings.Contains(server.until, "the TLS certificate expires soon") {
		t.Errorf("want no TCP, and a word about the certificate, which is good for an hour:\n%s", server.until)
	}
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o770 {
		t.Errorf("%v, mode %v, want 0770", err, info.Mode())
	}
	addr := "tls://" + logged(t, server.until, "tls")
	ok := []string{"--addr", addr, "--ca", ca.File, "--cert", web.Certificate, "--key", web.Key}
	for _, tc := range []struct {
		args   []string
		status int
		stderr string
	}{
		{append([]string{"set", "k", "v"}, ok...), 0, ""},
		{append(ok, "get", "k", "--server-name", "cache"), 0, ""},
		{append(ok, "get", "k", "--server-name", "nosuch"), 3, "not nosuch"},
		{[]string{"get", "k", "--addr", socket}, 0, ""},
		{[]string{"get", "k", "--addr", addr, "--ca", ca.File}, 3, "certificate required"},
		{[]string{"get", "k", "--addr", addr, "--ca", ca.File, "--cert", db.Certificate, "--key", db.Key}, 3, "bad certificate"},
		{[]string{"get", "k", "--addr", addr, "--cert", web.Certificate, "--key", web.Key}, 3, "unknown authority"},
		{[]string{"get", "k", "--addr", socket, "--ca", ca.File}, 2, "begins with tls://"},
		{[]string{"get", "k", "--addr", addr, "--key", web.Key}, 2, "want --cert too"},
		{[]string{"get", "k", "--addr", addr, "--cert", web.Certificate}, 2, "private key"},
		{[]string{"get", "k", "--addr", addr, "--ca", os.DevNull}, 2, "no certificate in PEM"},
	} {
		if got := run(t, "", tc.args...); got.status != tc.status || !strings.Contains(got.stderr, tc.stderr) {
			t.Errorf("gibson %q: status %d, %q, want %d, %q", tc.args, got.status, got.stderr, tc.status, tc.stderr)
		}
	}
	status, log := server.end()
	if status != 0 || strings.Count(log, "client refused") != 1 {
		t.Errorf("status %d, want 0 and one line about clients without a good certificate:\n%s", status, log)
	}
}

// TestTLSFilesAreChecked starts, and checks, with files that are not there.
func TestTLSFilesAreChecked(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.pem")
	args := []string{"serve", "--listen", "tls://127.0.0.1:0", "--tls-cert", none, "--admin", "off"}
	for want, more := range map[int]string{3: "--loglevel=info", 2: "--check"} {
		got := run(t, "", append(args, more)...)
		if got.status != want || !strings.Contains(got.stderr, "listen tls://127.0.0.1:0: ") || !strings.Contains(got.stderr, none+": no such file") {
			t.Errorf("%s: status %d, %q, want %d and the file", more, got.status, got.stderr, want)
		}
	}
}

// TestListenFlags gives listen more than once.
func TestListenFlags(t *testing.T) {
	got := run(t, "", words("serve --check --listen tcp://127.0.0.1:1 --listen unix:///s --port 2 --port 3")...)
	if got.status != 0 || !strings.Contains(got.stdout, "tcp://127.0.0.1:1 unix:///s ") || !strings.Contains(got.stdout, "# --listen\n") {
		t.Errorf("status %d, %s", got.status, got.stdout)
	}
	if !strings.Contains(strings.Join(strings.Fields(got.stdout), " "), " port 3 # --port ") {
		t.Errorf("want the last port in\n%s", got.stdout)
	}
}
