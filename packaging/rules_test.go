package packaging_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// ruleShape is a rule as gibson.rules.yml writes it. It is a small part of
// YAML, and all that is used, so that no parser for the rest is needed here;
// promtool reads the file where it can be had (.ci/packages).
var ruleShape = regexp.MustCompile(`^      - alert: (Gibson[A-Za-z]+)
        expr: (>-\n(?:          .+\n)+|[^>].*\n)(?:        for: \d+[mh]\n)?        labels:
          severity: (?:critical|warning|info)
        annotations:
          summary: "\{\{ \$labels.instance \}\} [^"]+"\n$`)

// alerts returns the names of all alerts after a look at their rules.
func alerts(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("prometheus/gibson.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(data), "groups:\n  - name: gibson\n    rules:\n")
	if !ok {
		t.Fatal("the file does not begin with the group gibson")
	}
	var names []string
	for rule := range strings.SplitSeq(text, "\n\n") {
		m := ruleShape.FindStringSubmatch(strings.TrimSuffix(rule, "\n") + "\n")
		if m == nil {
			t.Errorf("rule\n%s\nis not of the shape that is read here", rule)
			continue
		}
		checkExpression(t, m[1], strings.TrimSpace(m[2]))
		names = append(names, m[1])
	}
	return names
}

// TestAlertsAreExplained holds the rules and the chapter about them together.
func TestAlertsAreExplained(t *testing.T) {
	data, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	names := alerts(t)
	if len(names) < 5 {
		t.Fatalf("only %d alerts", len(names))
	}
	explained := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^### (Gibson\w+)$`).FindAllStringSubmatch(string(data), -1) {
		explained[m[1]] = true
	}
	for _, name := range names {
		if !explained[name] {
			t.Errorf("docs/operations.md does not say what %s means", name)
		}
		delete(explained, name)
	}
	for name := range explained {
		t.Errorf("docs/operations.md explains %s, which is no alert", name)
	}
}
