package admin_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson/admin"
)

// target is an admin.Target that notes what is asked of it.
type target struct {
	err     error
	killed  []int64
	flushed int
	expires time.Time
}

func (s *target) Figures() (admin.Figures, error) {
	return admin.Figures{
		Version: "1.2", Started: time.Unix(1000, 0), Clients: 3, Items: 5,
		Memory:   admin.Memory{Limit: 100, Used: 50, Heap: 20, Resident: 80, Peak: 60},
		Calls:    []admin.Calls{{Command: "GET", Outcome: "VAL", Count: 7}, {Command: "GET", Outcome: "NOT_FOUND", Count: 2}},
		Families: []admin.Family{{Prefix: "not the target's to say"}},

		CertificatesRefused: 11, HandshakesFailed: 12, CertificateExpires: s.expires, LogLinesLost: 13,
		RefusedByAddress: 14, OutputMemory: 15, RepliesRefused: 16, BusyPollMicros: 17_500_000,
	}, s.err
}

func (s *target) Count(prefix string) (int64, error) { return int64(len(prefix)), s.err }

func (s *target) Clients() []admin.Client {
	return []admin.Client{{ID: 4, Network: "tcp", Address: "127.0.0.1:9", Connected: time.Unix(1001, 0).UTC(), Requests: 8}}
}

func (s *target) Kill(id int64) bool {
	s.killed = append(s.killed, id)
	return id == 4
}

func (s *target) Flush() (int64, error) {
	s.flushed++
	return 5, s.err
}

const token = "a token for the tests"

// tokenFile writes a token and returns the file's name.
func tokenFile(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return name
}

func newHandler(t *testing.T, o admin.Options) *admin.Handler {
	t.Helper()
	h, err := admin.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends a request and returns status and body. header has pairs of name
// and value.
func ask(h http.Handler, method, target string, header ...string) (int, string) {
	r := httptest.NewRequest(method, "http://127.0.0.1:10129"+target, nil)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body)
	return w.Code, string(body)
}

func TestHealth(t *testing.T) {
	var notReady error
	h := newHandler(t, admin.Options{Target: &target{}, Ready: func() error { return notReady }})
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := ask(h, "GET", path); status != 200 || body != "ok\n" {
			t.Errorf("%s: %d, %q", path, status, body)
		}
	}
	notReady = errors.New("stopping")
	if status, _ := ask(h, "GET", "/healthz"); status != 200 {
		t.Errorf("health while stopping: %d", status)
	}
	if status, body := ask(h, "GET", "/readyz"); status != 503 || body != "stopping\n" {
		t.Errorf("ready while stopping: %d, %q", status, body)
	}
	if status, _ := ask(newHandler(t, admin.Options{Target: &target{}}), "GET", "/readyz"); status != 200 {
		t.Errorf("ready without a function: %d", status)
	}
}

func TestStats(t *testing.T) {
	tg := &target{}
	h := newHandler(t, admin.Options{Target: tg, Families: []string{"user:", "s:"}})
	status, body := ask(h, "GET", "/stats.json")
	var got struct {
		Version string
		Clients int
		Memory  map[string]int64
		Calls   []admin.Calls  `json:"requests_total"`
		Family  []admin.Family `json:"families"`
		Uptime  float64        `json:"uptime_seconds"`
	}
	if err := json.Unmarshal([]byte(body), &got); status != 200 || err != nil {
		t.Fatalf("%d, %v, %s", status, err, body)
	}
	if got.Version != "1.2" || got.Clients != 3 || got.Memory["resident"] != 80 || len(got.Calls) != 2 || got.Uptime < 1e9 {
		t.Errorf("got %+v", got)
	}
	if len(got.Family) != 2 || got.Family[0] != (admin.Family{Prefix: "user:", Items: 5}) || got.Family[1].Items != 2 {
		t.Errorf("families %v", got.Family)
	}
	tg.err = errors.New("closed")
	if status, _ := ask(h, "GET", "/stats.json"); status != 503 {
		t.Errorf("of a closed target: %d, want 503", status)
	}
}

func TestClients(t *testing.T) {
	tg := &target{}
	h := newHandler(t, admin.Options{Target: tg, TokenFile: tokenFile(t, token, 0o600)})
	status, body := ask(h, "GET", "/clients.json")
	var list []admin.Client
	if err := json.Unmarshal([]byte(body), &list); status != 200 || err != nil || len(list) != 1 || list[0] != tg.Clients()[0] {
		t.Errorf("%d, %v, %s", status, err, body)
	}
	auth := []string{"Authorization", "Bearer " + token}
	for path, want := range map[string]int{
		"/clients/kill?id=4": 200, "/clients/kill?id=5": 404, "/clients/kill?id=x": 400, "/clients/kill": 400,
	} {
		if status, body := ask(h, "POST", path, auth...); status != want {
			t.Errorf("%s: %d, %q, want %d", path, status, body, want)
		}
	}
	if len(tg.killed) != 2 {
		t.Errorf("killed %v, want 4 and 5", tg.killed)
	}
}

func TestFlush(t *testing.T) {
	tg := &target{}
	h := newHandler(t, admin.Options{Target: tg, TokenFile: tokenFile(t, token+"\n", 0o400)})
	auth := []string{"Authorization", "Bearer " + token}
	for path, want := range map[string]int{"/flush": 400, "/flush?confirm=yes": 400} {
		if status, _ := ask(h, "POST", path, auth...); status != want || tg.flushed != 0 {
			t.Errorf("%s: %d, flushed %d times, want %d and never", path, status, tg.flushed, want)
		}
	}
	if status, body := ask(h, "POST", "/flush?confirm=flush", auth...); status != 200 || tg.flushed != 1 || !strings.Contains(body, `"deleted": 5`) {
		t.Errorf("%d, %q, flushed %d times", status, body, tg.flushed)
	}
	tg.err = errors.New("closed")
	if status, _ := ask(h, "POST", "/flush?confirm=flush", auth...); status != 503 {
		t.Errorf("of a closed target: %d, want 503", status)
	}
}

// TestChangesAreProtected tries every path that changes something in every way
// that must not work.
func TestChangesAreProtected(t *testing.T) {
	file := tokenFile(t, token, 0o600)
	tg := &target{}
	withToken := newHandler(t, admin.Options{Target: tg, TokenFile: file})
	without := newHandler(t, admin.Options{Target: tg})
	right := []string{"Authorization", "Bearer " + token}
	for _, path := range []string{"/clients/kill?id=4", "/flush?confirm=flush", "/slowlog/reset"} {
		for _, tc := range []struct {
			name   string
			h      http.Handler
			method string
			header []string
			want   int
		}{
			{"no header", withToken, "POST", nil, 401},
			{"wrong token", withToken, "POST", []string{"Authorization", "Bearer " + token + "x"}, 401},
			{"part of the token", withToken, "POST", []string{"Authorization", "Bearer " + token[:8]}, 401},
			{"empty token", withToken, "POST", []string{"Authorization", "Bearer "}, 401},
			{"other scheme", withToken, "POST", []string{"Authorization", "Basic " + token}, 401},
			{"GET", withToken, "GET", right, 405},
			{"no token configured", without, "POST", right, 403},
			{"no token configured, none sent", without, "POST", []string{"Authorization", "Bearer "}, 403},
			{"another host", withToken, "POST", append([]string{"Host", "evil.example"}, right...), 421},
		} {
			if status, body := ask(tc.h, tc.method, path, tc.header...); status != tc.want || strings.Contains(body, token) {
				t.Errorf("%s, %s: %d, %q, want %d", path, tc.name, status, body, tc.want)
			}
		}
	}
	// A token that others may read since is none.
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if status, _ := ask(withToken, "POST", "/flush?confirm=flush", right...); status != 403 {
		t.Errorf("token with mode 0644: %d, want 403", status)
	}
	if tg.flushed != 0 || tg.killed != nil {
		t.Errorf("flushed %d times, killed %v", tg.flushed, tg.killed)
	}
}

func TestHosts(t *testing.T) {
	h := newHandler(t, admin.Options{Target: &target{}, Hosts: []string{"Cache.internal"}})
	for host, want := range map[string]int{
		"127.0.0.1:10129": 200, "127.0.0.1": 200, "[::1]:10129": 200, "[::1]": 200, "10.1.2.3:1": 200, "localhost:10129": 200, "LOCALHOST": 200,
		"cache.internal:10129": 200, "evil.example:10129": 421, "localhost.evil.example": 421, "": 421,
	} {
		if status, _ := ask(h, "GET", "/healthz", "Host", host); status != want {
			t.Errorf("host %q: %d, want %d", host, status, want)
		}
	}
}

func TestProfiles(t *testing.T) {
	for on, want := range map[bool]int{true: 200, false: 404} {
		h := newHandler(t, admin.Options{Target: &target{}, Profiles: on})
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap?debug=1", "/debug/pprof/cmdline"} {
			if status, _ := ask(h, "GET", path); status != want {
				t.Errorf("profiles %v: %s is %d, want %d", on, path, status, want)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	for name, tc := range map[string]struct {
		o    admin.Options
		want string
	}{
		"no target":     {admin.Options{}, "Target is nil"},
		"many families": {admin.Options{Target: &target{}, Families: make([]string, admin.MaxFamilies+1)}, "at most 32"},
		"no token file": {admin.Options{Target: &target{}, TokenFile: filepath.Join(t.TempDir(), "none")}, "no such file"},
		"public token":  {admin.Options{Target: &target{}, TokenFile: tokenFile(t, token, 0o640)}, "want 0600"},
		"short token":   {admin.Options{Target: &target{}, TokenFile: tokenFile(t, "short\n", 0o600)}, "holds 5 bytes"},
		"long token":    {admin.Options{Target: &target{}, TokenFile: tokenFile(t, strings.Repeat("x", 2000), 0o600)}, "want a token of 16 to 1024"},
		"directory":     {admin.Options{Target: &target{}, TokenFile: t.TempDir()}, "no regular file"},
	} {
		if _, err := admin.New(tc.o); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

func TestChangesAreLogged(t *testing.T) {
	var log strings.Builder
	h := newHandler(t, admin.Options{Target: &target{}, TokenFile: tokenFile(t, token, 0o600), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for _, path := range []string{"/flush?confirm=flush", "/clients/kill?id=4", "/slowlog/reset?"} {
		log.Reset()
		if status, _ := ask(h, "POST", path, "Authorization", "Bearer "+token); status != 200 || !strings.Contains(log.String(), "by=192.0.2.1:1234") {
			t.Errorf("%s: %d, log %q", path, status, &log)
		}
		log.Reset()
		ask(h, "POST", path+"&x="+url.QueryEscape("\n"), "Authorization", "Bearer wrong")
		if !strings.Contains(log.String(), "without the token refused") || strings.Contains(log.String(), token) {
			t.Errorf("%s: log %q", path, &log)
		}
	}
}
