package packaging_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gogibson/gibson/internal/config"
)

var update = flag.Bool("update", false, "write gibson.conf instead of comparing it")

// packaged are the directives that the packaged gibson.conf gives, because
// systemd's sandbox has a /tmp of its own and a package has a group.
var packaged = map[string]string{
	"unix_socket":      "/run/gibson/gibson.sock",
	"unix_socket_mode": "0770",
	"address":          "127.0.0.1",
}

const confHead = `# Configuration of the Gibson cache server; see gibson.conf(5).
#
# A directive that has a # before it shows its default. After a change:
#   gibson serve -c /etc/gibson/gibson.conf --check
#   systemctl reload gibson     (what is marked as reloadable)
#   systemctl restart gibson    (everything else)
`

// TestConf fails when gibson.conf is not what the table of directives makes of
// it. With -update it writes it.
func TestConf(t *testing.T) {
	want := conf()
	if *update {
		if err := os.WriteFile("gibson.conf", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("gibson.conf"); err != nil || string(got) != want {
		t.Errorf("gibson.conf is stale (%v): run go test ./packaging -update", err)
	}
}

// conf returns the file: every directive with what it does and which values
// are allowed.
func conf() string {
	var b strings.Builder
	b.WriteString(confHead)
	var section config.Section
	for _, d := range config.Directives() {
		if d.Section != section {
			section = d.Section
			fmt.Fprintf(&b, "\n\n#\n# %s\n#\n", section)
		}
		text := d.Doc + "."
		if d.Reloadable {
			text += " Reloadable."
		}
		fmt.Fprintf(&b, "\n%s%s", comment(text), comment("Value: "+d.Allowed()+"."))
		switch value, ok := packaged[d.Name]; {
		case ok:
			fmt.Fprintf(&b, "%s %s\n", d.Name, value)
		case d.Default == "":
			fmt.Fprintf(&b, "#%s\n", d.Name)
		default:
			fmt.Fprintf(&b, "#%s %s\n", d.Name, d.Default)
		}
	}
	return b.String()
}

// comment breaks text into lines of comments.
func comment(text string) string {
	var b strings.Builder
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 90 {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}

// TestConfIsUnderstood reads the file as it is, and with every default written
// out: nothing may differ.
func TestConfIsUnderstood(t *testing.T) {
	data, err := os.ReadFile("gibson.conf")
	if err != nil {
		t.Fatal(err)
	}
	var written strings.Builder
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "#")), " ")
		if _, ok := config.Lookup(name); ok && value != "" && !strings.HasPrefix(line, "# ") {
			line = name + " " + value + "\n"
		}
		written.WriteString(line)
	}
	all := filepath.Join(t.TempDir(), "all.conf")
	if err := os.WriteFile(all, []byte(written.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	short, long := effective(t, "gibson.conf"), effective(t, all)
	for name, value := range short {
		if long[name] != value {
			t.Errorf("%s is %q, and %q with the default written out", name, value, long[name])
		}
		if want, ok := packaged[name]; ok && value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
}

// effective returns what a file makes of every directive.
func effective(t *testing.T, name string) map[string]string {
	t.Helper()
	settings, err := config.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Resolve(settings)
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]string)
	for _, s := range c.Settings() {
		values[s.Directive] = s.Value
	}
	return values
}
