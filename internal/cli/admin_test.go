//go:build unix

package cli_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/admin"
)

// fetch sends a request to the admin endpoint and returns status and body.
func fetch(t *testing.T, method, url, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	w, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, string(body)
}

// TestAdminEndpoint runs a server and looks at it from its HTTP side.
func TestAdminEndpoint(t *testing.T) {
	const token = "the token of this test"
	dir := socketDir(t)
	socket, tokenFile := filepath.Join(dir, "s"), filepath.Join(dir, "token")
	if err := os.WriteFile(tokenFile, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	server := serving(t, "network=unix", "--unix-socket", socket, "--admin", "127.0.0.1:0", "--admin-token-file", tokenFile,
		"--admin-families", "user: none:", "--slowlog-ms", "1", "--slowlog-size", "4", "--log-format", "text")
	base := "http://" + server.admin(t)
	t.Setenv("GIBSON_ADDR", socket)
	for _, line := range []string{"set user:1 a", "set user:2 b", "set other c", "get user:1", "get nosuch", "lock user:1"} {
		run(t, "", words(line)...)
	}
	if status, body := fetch(t, "GET", base+"/readyz", ""); status != 200 {
		t.Errorf("ready: %d, %q", status, body)
	}
	idle, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	idle.Write([]byte("\x02\x00\x00\x00\x13\x00"))
	if _, err := idle.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}

	_, body := fetch(t, "GET", base+"/stats.json", "")
	var f admin.Figures
	if err := json.Unmarshal([]byte(body), &f); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	calls := make(map[string]int64)
	for _, c := range f.Calls {
		calls[c.Command+" "+c.Outcome] = c.Count
	}
	if f.Items != 3 || calls["SET VAL"] != 3 || calls["GET VAL"] != 1 || calls["GET NOT_FOUND"] != 1 || calls["LOCK OK"] != 1 {
		t.Errorf("figures %s", body)
	}
	if f.MaxClients == 0 || f.Connections < 7 || f.Memory.Used == 0 || f.Memory.Limit < f.Memory.Used || f.Memory.Heap == 0 {
		t.Errorf("figures %s", body)
	}
	if len(f.Families) != 2 || f.Families[0] != (admin.Family{Prefix: "user:", Items: 2}) || f.Families[1].Items != 0 {
		t.Errorf("families %v", f.Families)
	}

	_, metrics := fetch(t, "GET", base+"/metrics", "")
	for _, line := range []string{
		"gibson_items 3", `gibson_requests_total{command="SET",outcome="VAL"} 3`, `gibson_family_items{prefix="user:"} 2`,
		`gibson_request_duration_seconds_count{command="SET"} 3`,
	} {
		if !strings.Contains(metrics, "\n"+line+"\n") {
			t.Errorf("no line %s in\n%s", line, metrics)
		}
	}

	var clients []admin.Client
	_, body = fetch(t, "GET", base+"/clients.json", "")
	if err := json.Unmarshal([]byte(body), &clients); err != nil || len(clients) != 1 || clients[0].Network != "unix" || clients[0].Requests != 1 {
		t.Fatalf("clients %v, %s", err, body)
	}
	kill := base + "/clients/kill?id=" + strconv.FormatInt(clients[0].ID, 10)
	if status, _ := fetch(t, "POST", kill, ""); status != 401 {
		t.Errorf("kill without the token: %d", status)
	}
	if status, body := fetch(t, "POST", kill, token); status != 200 {
		t.Errorf("kill: %d, %q", status, body)
	}
	if _, err := idle.Read(make([]byte, 8)); err != io.EOF {
		t.Errorf("the killed client got %v, want the end", err)
	}

	if status, body := fetch(t, "POST", base+"/snapshot", token); status != 409 || !strings.Contains(body, "no directive snapshot") {
		t.Errorf("snapshot without a directive: %d, %q", status, body)
	}

	// The locked item goes too.
	if status, body := fetch(t, "POST", base+"/flush?confirm=flush", token); status != 200 || !strings.Contains(body, `"deleted": 3`) {
		t.Errorf("flush: %d, %q", status, body)
	}
	if got := run(t, "", "count", "user:"); got.stdout != "0" {
		t.Errorf("%s items after a flush", got.stdout)
	}
	if status, body := fetch(t, "POST", base+"/flush?confirm=flush", token); status != 200 || !strings.Contains(body, `"deleted": 0`) {
		t.Errorf("flush of nothing: %d, %q", status, body)
	}
	if status, body := fetch(t, "GET", base+"/slowlog.json", ""); status != 200 || !strings.HasPrefix(body, "[") {
		t.Errorf("slow log: %d, %q", status, body)
	}
	if status, log := server.end(); status != 0 {
		t.Errorf("status %d:\n%s", status, log)
	}
}

// TestReadyWhileStopping asks a server that waits for a client to take its
// replies.
func TestReadyWhileStopping(t *testing.T) {
	socket := filepath.Join(socketDir(t), "s")
	server := serving(t, "network=unix", "--unix-socket", socket, "--admin", "127.0.0.1:0", "--shutdown-timeout", "1h", "--write-timeout", "off")
	base := "http://" + server.admin(t)
	if got := run(t, strings.Repeat("v", 1<<20), "set", "k", "-", "--addr", socket); got.status != 0 {
		t.Fatal(got.stderr)
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.Repeat("\x03\x00\x00\x00\x03\x00k", 64)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	server.cancel()
	for end := time.Now().Add(time.Minute); ; {
		status, body := fetch(t, "GET", base+"/readyz", "")
		if status == 503 && strings.Contains(body, "stopping") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("ready while stopping: %d, %q", status, body)
		}
	}
	if status, _ := fetch(t, "GET", base+"/healthz", ""); status != 200 {
		t.Errorf("health while stopping: %d", status)
	}
	conn.Close()
	if status, log := server.end(); status != 0 {
		t.Errorf("status %d:\n%s", status, log)
	}
}

// TestAdminAddressInUse tells an address that was named from the default one.
func TestAdminAddressInUse(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:10129")
	if err != nil {
		t.Log("the default address is in use anyway:", err)
	} else {
		defer busy.Close()
	}
	socket := filepath.Join(socketDir(t), "s")
	got := run(t, "", "serve", "--unix-socket", socket, "--admin", "127.0.0.1:10129")
	if got.status != 3 || !strings.Contains(got.stderr, "127.0.0.1:10129") {
		t.Errorf("named: status %d, %q, want 3 and the address", got.status, got.stderr)
	}
	server := serving(t, "network=unix", "--unix-socket", socket)
	status, log := server.end()
	if status != 0 || strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "write admin off") {
		t.Errorf("default: status %d, want 0 and one warning:\n%s", status, log)
	}
}

func TestAdminTokenMustBePrivate(t *testing.T) {
	dir := socketDir(t)
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte(strings.Repeat("x", 32)), 0o644); err != nil {
		t.Fatal(err)
	}
	got := run(t, "", "serve", "--unix-socket", filepath.Join(dir, "s"), "--admin", "127.0.0.1:0", "--admin-token-file", token)
	if got.status != 3 || !strings.Contains(got.stderr, "want 0600") {
		t.Errorf("status %d, %q, want 3 and the mode", got.status, got.stderr)
	}
}
