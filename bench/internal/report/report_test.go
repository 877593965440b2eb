package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	table := NewTable("load", "Redis")
	table.Row("GET × 16", 12)
	table.Row("a|b")
	want := "| load     | Redis |\n|----------|-------|\n| GET × 16 | 12    |\n| a\\|b     |       |\n"
	if got := table.String(); got != want {
		t.Errorf("table:\n%s\nwant:\n%s", got, want)
	}
}

func TestFormats(t *testing.T) {
	for got, want := range map[string]string{
		Rate(0): None, Rate(411_900): "412k", Rate(17_840): "17.8k", Rate(12): "12",
		Micros(1900 * time.Nanosecond): "1.90", Millis(440 * time.Millisecond): "440", Micros(12345): "12.3", Millis(42): "0.0000",
		Times(1.068): "1.07×", MiB(145 << 20): "145", Percent(0.12345): "12.35",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestReplace(t *testing.T) {
	doc, err := Replace("# x\n", "server", "old\n")
	if err != nil {
		t.Fatal(err)
	}
	doc, err = Replace(doc, "memory", "kept")
	if err != nil {
		t.Fatal(err)
	}
	doc, err = Replace(doc, "server", "new")
	if err != nil {
		t.Fatal(err)
	}
	want := "# x\n\n<!-- bench:server -->\nnew\n<!-- /bench:server -->\n\n<!-- bench:memory -->\nkept\n<!-- /bench:memory -->\n"
	if doc != want {
		t.Errorf("document:\n%s\nwant:\n%s", doc, want)
	}
	if _, err := Replace("<!-- bench:a -->\nno end", "a", "x"); err == nil {
		t.Error("no error for a section without an end")
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.md")
	for _, body := range []string{"one", "two"} {
		if err := Write(path, "s", body); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(b), title) || strings.Contains(string(b), "one") || !strings.Contains(string(b), "two") {
		t.Errorf("document %q, %v, want the title and the second body", b, err)
	}
}

func TestHead(t *testing.T) {
	head := Head(t.Context(), "bench x", "0.5")
	for _, want := range []string{"`bench x`", "machine: ", "commit: ", "0.5"} {
		if !strings.Contains(head, want) {
			t.Errorf("head %q lacks %q", head, want)
		}
	}
}
