package packaging_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gogibson/gibson/internal/cli"
	"github.com/gogibson/gibson/internal/testcert"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// metricNames returns the names of all metrics of a server that has TLS and has
// served a request.
func metricNames(t *testing.T) map[string]bool {
	t.Helper()
	own := testcert.New(t).Issue(t, time.Hour, "cache")
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer w.Close()
		cli.Run(ctx, append(strings.Fields("serve --address 127.0.0.1 --port 0 --admin 127.0.0.1:0 --admin-families user: --listen tls://127.0.0.1:0"),
			"--tls-cert", own.Certificate, "--tls-key", own.Key), nil, io.Discard, w)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	var admin, tcp string
	for lines := bufio.NewScanner(r); tcp == "" && lines.Scan(); {
		if m := regexp.MustCompile(`msg=listening network=(\w+) addr=(\S+)`).FindStringSubmatch(lines.Text()); m != nil {
			if m[1] == "admin" {
				admin = m[2]
			} else {
				tcp = m[2]
			}
		}
	}
	go io.Copy(io.Discard, r) // whoever logs would wait
	if status := cli.Run(ctx, []string{"set", "k", "v", "--addr", tcp}, nil, io.Discard, t.Output()); status != 0 {
		t.Fatalf("set: status %d", status)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got, err := client.Get("http://" + admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	names := make(map[string]bool)
	for lines := bufio.NewScanner(got.Body); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 4 && fields[1] == "TYPE" {
			names[fields[2]] = true
			if fields[3] == "histogram" {
				for _, part := range []string{"_bucket", "_sum", "_count"} {
					names[fields[2]+part] = true
				}
			}
		}
	}
	return names
}

// metric is a name in an expression.
var metric = regexp.MustCompile(`\bgibson_[a-z_]+`)

// TestMetricsExist holds the names in dashboard and rules to those of the admin
// endpoint.
func TestMetricsExist(t *testing.T) {
	names := metricNames(t)
	if len(names) < 10 {
		t.Fatalf("only %d metrics: %v", len(names), names)
	}
	for _, file := range []string{"grafana/gibson.json", "prometheus/gibson.rules.yml", "prometheus/gibson.test.yml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := metric.FindAllString(string(data), -1)
		if len(found) < 5 {
			t.Errorf("%s: only %d names of metrics", file, len(found))
		}
		for _, name := range found {
			if !names[name] {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
	}
}

// TestMetricsAreDocumented holds the table of metrics in docs/operations.md to
// those of the admin endpoint, both ways.
func TestMetricsAreDocumented(t *testing.T) {
	const file = "../docs/operations.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n| metric | what it is |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	documented := make(map[string]bool)
	for line := range strings.Lines(table) {
		names, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, name := range metric.FindAllString(names, -1) {
			if documented[name] {
				t.Errorf("%s has %s twice", file, name)
			}
			documented[name] = true
		}
	}
	exist := metricNames(t)
	for name := range documented {
		if !exist[name] {
			t.Errorf("%s: there is no metric %s", file, name)
		}
	}
	for name := range exist {
		whole := name
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			if histogram, ok := strings.CutSuffix(name, part); ok && exist[histogram] {
				whole = histogram
			}
		}
		if !documented[whole] {
			t.Errorf("%s does not have the metric %s", file, whole)
		}
	}
}

// panel is what matters of a panel here.
type panel struct {
	ID          int
	Title, Type string
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct{ RefID, Expr string }
}

func TestDashboard(t *testing.T) {
	data, err := os.ReadFile("grafana/gibson.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		UID, Title string
		Panels     []panel
		Templating struct{ List []struct{ Name string } }
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	if d.UID == "" || d.Title == "" || len(d.Panels) < 10 || len(d.Templating.List) != 2 {
		t.Errorf("dashboard %q %q with %d panels and %d variables", d.UID, d.Title, len(d.Panels), len(d.Templating.List))
	}
	taken, ids := make(map[[2]int]string), make(map[int]bool)
	for _, p := range d.Panels {
		if p.Title == "" || ids[p.ID] || len(p.Targets) == 0 || p.GridPos.W == 0 || p.GridPos.H == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, ok := taken[at]; ok {
					t.Fatalf("%s lies on %s", p.Title, other)
				}
				taken[at] = p.Title
			}
		}
		for _, e := range p.Targets {
			checkExpression(t, p.Title, e.Expr)
			if n, m := len(metric.FindAllString(e.Expr, -1)), strings.Count(e.Expr, `instance=~"$instance"`); n != m {
				t.Errorf("%s: %d metrics, %d of them of the chosen instance: %s", p.Title, n, m, e.Expr)
			}
		}
	}
}

// checkExpression looks for what is surely no PromQL.
func checkExpression(t *testing.T, where, expr string) {
	t.Helper()
	var open []rune
	for _, c := range expr {
		if i := strings.IndexRune("([{", c); i >= 0 {
			open = append(open, rune(")]}"[i]))
		} else if strings.ContainsRune(")]}", c) {
			if len(open) == 0 || open[len(open)-1] != c {
				t.Errorf("%s: brackets in %s", where, expr)
				return
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 || strings.Count(expr, `"`)%2 != 0 || expr == "" {
		t.Errorf("%s: expression %q", where, expr)
	}
}
