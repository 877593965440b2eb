package cli_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/gogibson/gibson/internal/config"
	"github.com/gogibson/gibson/wire"
)

// page returns a manual page.
func page(t *testing.T, args ...string) string {
	t.Helper()
	got := run(t, "", append([]string{"man"}, args...)...)
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("man %q: status %d, %q", args, got.status, got.stderr)
	}
	return got.stdout
}

// request is what a line of a page may begin with.
var request = regexp.MustCompile(`^(\.(TH|SH|SS)( "[^"]*")+|\.(TP|PP|IP|br|nf|fi)|[^.'].*)$`)

func TestManPages(t *testing.T) {
	for name, text := range map[string]string{"gibson": page(t), "gibson.conf": page(t, "gibson.conf")} {
		for line := range strings.Lines(text) {
			if strings.ContainsFunc(line, func(c rune) bool { return c > unicode.MaxASCII }) {
				t.Errorf("%s: line %q is not ASCII", name, line)
			}
			if !request.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%s: line %q is no text and none of the macros", name, line)
			}
		}
		if !strings.HasPrefix(text, `.TH "`+strings.ToUpper(name)+`" "`) || !strings.Contains(text, "\n.SH \"NAME\"\n"+name+` \- `) {
			t.Errorf("%s begins with %.80q", name, text)
		}
		if open, closed := strings.Count(text, "\n.nf\n"), strings.Count(text, "\n.fi\n"); open != closed {
			t.Errorf("%s: %d begin of literal text, %d end", name, open, closed)
		}
	}
	if page(t) != page(t, "gibson") {
		t.Error("man and man gibson differ")
	}
	if got := run(t, "", "man", "nosuch"); got.status != 2 {
		t.Errorf("man nosuch: status %d, want 2", got.status)
	}
}

func TestManNamesEverything(t *testing.T) {
	text := page(t)
	for _, c := range wire.Commands() {
		if !strings.Contains(text, "\n.SS \"gibson "+strings.ToLower(c.Name)) {
			t.Errorf("gibson(1) has no %s", c.Name)
		}
	}
	for _, part := range []string{
		`.SS "gibson serve"`, `\fB\-c, \-\-config\fR \fIfile\fR`, `\fB\-\-ready\fR`, `written` + "\n" + `\e\e, \et, \en or \er`, `.SS "gibson man [gibson | gibson.conf]"`,
	} {
		if !strings.Contains(text, part) {
			t.Errorf("gibson(1) has no %q", part)
		}
	}
	text = page(t, "gibson.conf")
	for _, d := range config.Directives() {
		if !strings.Contains(text, "\n.TP\n\\fB"+d.Name+"\\fR \\fIvalue\\fR\n") {
			t.Errorf("gibson.conf(5) has no %s", d.Name)
		}
	}
}

// TestCompletion asks as the completion scripts do.
func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if got := run(t, "", "completion", shell); got.status != 0 || !strings.Contains(got.stdout, "gibson") || !strings.Contains(got.stdout, "__complete") {
			t.Errorf("completion %s: status %d, %.100q", shell, got.status, got.stdout)
		}
	}
	for _, tc := range []struct{ line, want string }{
		{"heal", "healthcheck\t"},
		{"serve --max-mem", "--max-memory\t"},
		{"get --js", "--json\t"},
		{"man gibson.", "gibson.conf\n"},
	} {
		got := run(t, "", append([]string{"__complete"}, words(tc.line)...)...)
		if got.status != 0 || !strings.Contains(got.stdout, tc.want) {
			t.Errorf("completing %q: status %d, %q, want %q in it", tc.line, got.status, got.stdout, tc.want)
		}
	}
}
