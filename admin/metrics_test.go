package admin_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/gogibson/gibson/admin"
)

// TestMetrics compares some lines, and has the linter look at all.
func TestMetrics(t *testing.T) {
	tg := &target{expires: time.Unix(3000, 0)}
	h := newHandler(t, admin.Options{Target: tg, Commands: []string{"GET", "MDEL"}, Families: []string{"user:"}})
	h.Observe(&admin.Batch{Command: "GET", Requests: 1, Took: 3 * time.Microsecond})
	h.Observe(&admin.Batch{Command: "GET", Requests: 1, Took: time.Minute})
	h.Observe(&admin.Batch{Command: "GET", Requests: 7, Took: time.Millisecond})
	h.Observe(&admin.Batch{Command: "OPCODE(99)", Requests: 1, Took: time.Millisecond})
	status, body := ask(h, "GET", "/metrics")
	if status != 200 {
		t.Fatalf("%d, %s", status, body)
	}
	for _, line := range []string{
		`gibson_build_info{version="1.2"} 1`,
		`gibson_start_time_seconds 1000`,
		`gibson_clients 3`,
		`gibson_items 5`,
		`gibson_tls_certificates_refused_total 11`,
		`gibson_tls_handshakes_failed_total 12`,
		`gibson_tls_certificate_expiry_time_seconds 3000`,
		`gibson_log_lines_lost_total 13`,
		`gibson_connections_refused_by_address_total 14`,
		`gibson_output_memory_bytes 15`,
		`gibson_replies_refused_total 16`,
		`gibson_busy_poll_seconds_total 17.5`,
		`gibson_memory_bytes{kind="resident"} 80`,
		`gibson_memory_bytes{kind="heap"} 20`,
		`gibson_memory_bytes{kind="used"} 50`,
		`gibson_requests_total{command="GET",outcome="NOT_FOUND"} 2`,
		`gibson_family_items{prefix="user:"} 5`,
		`gibson_request_duration_seconds_bucket{command="GET",le="2e-06"} 0`,
		`gibson_request_duration_seconds_bucket{command="GET",le="5e-06"} 1`,
		`gibson_request_duration_seconds_count{command="GET"} 2`,
		`gibson_request_duration_seconds_count{command="MDEL"} 0`,
		`gibson_request_duration_seconds_count{command="(several)"} 1`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("no line %s in\n%s", line, body)
		}
	}
	if strings.Contains(body, "OPCODE") {
		t.Error("a client can make labels")
	}
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	tg.expires = time.Time{}
	if _, body := ask(h, "GET", "/metrics"); strings.Contains(body, "expiry") {
		t.Error("a certificate expires that is not there")
	}
	tg.err = errors.New("closed")
	if status, _ := ask(h, "GET", "/metrics"); status != 500 {
		t.Errorf("of a closed target: %d, want 500", status)
	}
}

// TestNoRequestsYet: whoever reads the figures finds a list in any case.
func TestNoRequestsYet(t *testing.T) {
	h := newHandler(t, admin.Options{Target: quiet{&target{}}})
	if status, body := ask(h, "GET", "/stats.json"); status != 200 || !strings.Contains(body, `"requests_total": []`) {
		t.Errorf("%d, %s", status, body)
	}
}

// quiet is a target that nobody has asked for anything.
type quiet struct{ *target }

func (q quiet) Figures() (admin.Figures, error) {
	f, err := q.target.Figures()
	f.Calls = nil
	return f, err
}
