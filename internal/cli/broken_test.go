package cli_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"github.com/gogibson/gibson/gibsontest"
	"github.com/gogibson/gibson/internal/cli"
)

// TestOutputCannotBeWritten has commands print to a full disk. Nobody may take
// that for success, nor for a mistake in the command line.
func TestOutputCannotBeWritten(t *testing.T) {
	t.Setenv("GIBSON_ADDR", gibsontest.NewServer(t).Addr())
	if got := run(t, "", "set", "k", "v"); got.status != 0 {
		t.Fatal(got.stderr)
	}
	for _, line := range []string{"get k", "get k --json", "ping", "keys k", "stats", "get nosuch --json", "version", "man", "man gibson.conf", "serve --check", "--check"} {
		var stderr bytes.Buffer
		status := cli.Run(t.Context(), words(line), nil, &fullDisk{}, &stderr)
		if want := "gibson: " + syscall.ENOSPC.Error() + "\n"; status != 3 || stderr.String() != want {
			t.Errorf("gibson %s: status %d, stderr %q, want 3, %q", line, status, stderr.String(), want)
		}
	}
}

// answering listens and sends each client that text, whatever it asks.
func answering(t *testing.T, text string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 64))
			io.WriteString(c, text)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
	})
	return l.Addr().String()
}

// TestBrokenServers asks what is no Gibson server, or a broken one.
func TestBrokenServers(t *testing.T) {
	for _, tc := range []struct{ name, answer, want string }{
		{"nothing", "", "EOF"},
		{"half a reply", "\x06\x00\x00\x09\x00\x00\x00val", "EOF"},
		{"a web server", "HTTP/1.1 400 Bad Request\r\n\r\n", "reply"},
		{"a number of three bytes", "\x06\x00\x02\x03\x00\x00\x00123", "3 bytes"},
		{"an unknown encoding", "\x06\x00\x09\x03\x00\x00\x00123", "encoding"},
		{"a list that ends early", "\x07\x00\x00\x08\x00\x00\x00\x02\x00\x00\x00\x05\x00\x00\x00", "reply"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			addr := answering(t, tc.answer)
			for _, line := range []string{"get k", "get k --json", "mget k", "ping"} {
				got := run(t, "", append(words(line), "--addr", addr)...)
				if got.status != 3 || got.stdout != "" || !strings.Contains(got.stderr, tc.want) {
					t.Errorf("gibson %s: status %d, stdout %q, stderr %q, want 3, nothing, %q", line, got.status, got.stdout, got.stderr, tc.want)
				}
			}
		})
	}
}

// TestHealthcheckOfWhatIsBroken asks endpoints that cannot be asked, or do not
// say what they have to.
func TestHealthcheckOfWhatIsBroken(t *testing.T) {
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "starting")
	}))
	defer cut.Close()
	for _, tc := range []struct {
		environ []string
		args    []string
		want    string
	}{
		{nil, []string{"--ready", "--addr", cut.Listener.Addr().String()}, "unexpected EOF"},
		{nil, []string{"--ready", "--addr", "not an address"}, "invalid character"},
		{nil, []string{"--ready", "-c", filepath.Join(t.TempDir(), "none")}, "no such file"},
		{nil, []string{"--addr", answering(t, "HTTP/1.1 400 Bad Request\r\n\r\n")}, "reply"},
	} {
		var stdout, stderr bytes.Buffer
		status := cli.RunAt(t.Context(), append([]string{"healthcheck"}, tc.args...), &stdout, &stderr, tc.environ, "")
		if status != 1 || stdout.Len() > 0 || !strings.Contains(stderr.String(), tc.want) {
			t.Errorf("gibson healthcheck %q: status %d, stdout %q, stderr %q, want 1, nothing, %q", tc.args, status, &stdout, &stderr, tc.want)
		}
	}
}

// TestHealthcheckTargets says which address a server with that environment is
// asked at, when nothing else names one.
func TestHealthcheckTargets(t *testing.T) {
	dir, err := os.MkdirTemp("", "gibson") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	const public = "GIBSON_ALLOW_UNAUTHENTICATED=yes"
	for _, tc := range []struct {
		environ []string
		want    string
	}{
		{[]string{"GIBSON_ADDRESS=127.0.0.9", "GIBSON_PORT=7"}, "127.0.0.9:7"},
		{[]string{"GIBSON_ADDRESS=0.0.0.0", public}, "127.0.0.1:10128"},
		{[]string{"GIBSON_ADDRESS=::", public}, "[::1]:10128"},
		{[]string{"GIBSON_LISTEN=tcp://[::]:7", public}, "tcp://[::1]:7"},
		{[]string{"GIBSON_LISTEN=tls://0.0.0.0:7", "GIBSON_TLS_CERT=/c", public}, "tls://127.0.0.1:7"},
		{[]string{"GIBSON_LISTEN=unix://" + dir + "/s tcp://127.0.0.1:7"}, dir + "/s"},
		{[]string{"GIBSON_UNIX_SOCKET=" + dir + "/s"}, dir + "/s"},
	} {
		if got, err := cli.HealthTarget(tc.environ, ""); err != nil || got != tc.want {
			t.Errorf("environment %q: %q, %v, want %q", tc.environ, got, err, tc.want)
		}
	}
	// By default there are a socket and a port, and the socket is asked if it is one.
	want := "127.0.0.1:10128"
	if info, err := os.Stat("/tmp/gibson.sock"); err == nil && info.Mode()&os.ModeSocket != 0 {
		want = "/tmp/gibson.sock"
	}
	if got, err := cli.HealthTarget(nil, ""); err != nil || got != want {
		t.Errorf("by default: %q, %v, want %q", got, err, want)
	}
	if got, err := cli.HealthTarget(nil, "elsewhere:1"); err != nil || got != "elsewhere:1" {
		t.Errorf("GIBSON_ADDR: %q, %v", got, err)
	}
}

// TestVersions says what is printed for what a build may record.
func TestVersions(t *testing.T) {
	build := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "abc"}
	for _, tc := range []struct {
		info *debug.BuildInfo
		want string
	}{
		{nil, "(devel)"},
		{build(""), "(devel)"},
		{build("", revision), "(devel)"},
		{build("(devel)"), "(devel)"},
		{build("(devel)", debug.BuildSetting{Key: "vcs", Value: "git"}, revision), "(devel) abc"},
		{build("v1.2.3", revision), "v1.2.3"},
	} {
		if got := cli.VersionOf(tc.info, tc.info != nil); got != tc.want {
			t.Errorf("%v: %q, want %q", tc.info, got, tc.want)
		}
	}
}

// TestManualText: whatever text begins with, roff takes it for text.
func TestManualText(t *testing.T) {
	for text, want := range map[string]string{
		".TH is no request":    ".TH is no request",
		"'nor this":            `\(aqnor this`,
		"a\n.b":                "a\n" + `\&.b`,
		"  literal\n\nagain\n": ".nf\n  literal\n.fi\n.PP\nagain",
		`a\fBb-c`:              `a\efBb\-c`,
		"naïve":                `na\[u00EF]ve`,
	} {
		if strings.HasPrefix(want, ".TH") {
			want = `\&` + want
		}
		if got := cli.RoffText(text); got != want+"\n" {
			t.Errorf("%q is written %q, want %q", text, got, want+"\n")
		}
	}
}

// TestClientFiles names files for TLS that are not there.
func TestClientFiles(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.pem")
	got := run(t, "", "get", "k", "--addr", "tls://127.0.0.1:1", "--ca", none)
	if got.status != 2 || !strings.Contains(got.stderr, "--ca: open "+none) {
		t.Errorf("status %d, %q, want 2 and the file", got.status, got.stderr)
	}
}

// TestPIDFileInTheWay has a directory of that name, which stays, and nothing
// beside it.
func TestPIDFileInTheWay(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "pid")
	if err := os.MkdirAll(filepath.Join(name, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := cli.WritePID(name); err == nil {
		t.Error("a directory was replaced by a pidfile")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || !left[0].IsDir() {
		t.Errorf("%v, %v are left, want the directory alone", left, err)
	}
}

// TestLogOnDiskThatStaysFull counts every line that is lost, those too that would
// have followed a torn one.
func TestLogOnDiskThatStaysFull(t *testing.T) {
	disk := &fullDisk{room: 20}
	log := cli.NewLog(t, "", 1, nil, disk, "text", 0)
	for range 5 {
		log.Logger.Info("lost")
	}
	if n := log.Lost(); n != 5 {
		t.Errorf("%d lines lost, want 5", n)
	}
	disk.room = 1 << 20
	log.Logger.Info("again")
	out := disk.String()
	if !strings.Contains(out, "\ntime=") || strings.Contains(out, "\n\n") || !strings.Contains(out, `msg=again`) || !strings.HasSuffix(out, "msg=\"lines of the log were lost\" lines=5\n") {
		t.Errorf("want a new line, and one about the 5:\n%s", out)
	}
}

// TestRelativePathsKeepTheirBeginning: a server that leaves its directory finds
// the files that its configuration names relative to it.
func TestRelativePathsKeepTheirBeginning(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("gibson.conf", []byte("pidfile run/pid\nlogfile /var/log/gibson\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	begin, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	load, err := cli.Settled("gibson.conf", []string{"GIBSON_SNAPSHOT=snap"})
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("/")
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if c.PIDFile != filepath.Join(begin, "run/pid") || c.Snapshot != filepath.Join(begin, "snap") || c.LogFile != "/var/log/gibson" || c.AdminTokenFile != "" {
		t.Errorf("pidfile %q, snapshot %q, logfile %q, admin_token_file %q", c.PIDFile, c.Snapshot, c.LogFile, c.AdminTokenFile)
	}
}
