package integration

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// anchor returns the name under which a heading can be linked to.
func anchor(heading string) string {
	var sb strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ', r == '-':
			sb.WriteByte('-')
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			sb.WriteRune(r)
		}
	}
	return sb.String()
}

// loadCompat returns the rules of docs/compat.md, its headings of the third
// level, each with the probes that it names.
func loadCompat(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/compat.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	rule := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "#"); ok {
			rule = ""
			if heading, ok = strings.CutPrefix(heading, "## "); ok {
				rule = anchor(heading)
				out[rule] = nil
			}
		}
		if probes, ok := strings.CutPrefix(line, "Probes: "); ok {
			if rule == "" || out[rule] != nil {
				t.Errorf("docs/compat.md: %q belongs to no rule", line)
			}
			out[rule] = strings.Split(probes, ", ")
		}
	}
	return out
}

// unprobed are the rules of docs/compat.md without a line in the table of
// exceptions, each with the reason.
var unprobed = map[string]string{
	"eviction": "C03 answers the same under the policy gc_ratio",
}

// TestCompat holds docs/compat.md against the probes and the exceptions, both
// ways.
func TestCompat(t *testing.T) {
	doc := loadCompat(t)
	probes := map[string]bool{}
	for _, s := range loadScripts(t, "probes") {
		probes[s.id] = true
	}
	for _, rule := range slices.Sorted(maps.Keys(doc)) {
		if len(doc[rule]) == 0 {
			t.Errorf("docs/compat.md: %s names no probes", rule)
		}
		for _, id := range doc[rule] {
			if !probes[id] {
				t.Errorf("docs/compat.md: %s names %q, which is no probe", rule, id)
			}
		}
	}
	used := map[string]bool{}
	for _, e := range loadExceptions(t) {
		used[e.rule] = true
		if _, ok := doc[e.rule]; !ok {
			t.Errorf("%s: docs/compat.md has no rule %q", e.where, e.rule)
		} else if !slices.Contains(doc[e.rule], e.probe) {
			t.Errorf("%s: docs/compat.md does not name %s under %s", e.where, e.probe, e.rule)
		}
	}
	for rule := range doc {
		if _, ok := unprobed[rule]; used[rule] == ok {
			t.Errorf("docs/compat.md: rule %s: in the table of exceptions %v, listed as without exceptions %v", rule, used[rule], ok)
		}
	}
}

var localLink = regexp.MustCompile(`\]\(([a-z]*\.md)?#([^)]+)\)`)

// TestCompatLinks checks that every link of docs/compat.md into itself and its
// neighbours leads somewhere.
func TestCompatLinks(t *testing.T) {
	text, err := os.ReadFile("../docs/compat.md")
	if err != nil {
		t.Fatal(err)
	}
	headings := map[string]map[string]bool{}
	for _, m := range localLink.FindAllStringSubmatch(string(text), -1) {
		file, target := m[1], m[2]
		if file == "" {
			file = "compat.md"
		}
		if headings[file] == nil {
			headings[file] = headingsOf(t, file)
		}
		if !headings[file][target] {
			t.Errorf("docs/compat.md: %s has no heading #%s", file, target)
		}
	}
}

func headingsOf(t *testing.T, file string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../docs/" + file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			out[anchor(strings.TrimLeft(strings.TrimSpace(line), "# "))] = true
		}
	}
	return out
}
