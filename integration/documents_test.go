package integration

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// named matches a test as the documents name it: directory.Test, the root's being
// gibson.Test.
var named = regexp.MustCompile("`([\\w/]+)\\.((?:Test|Fuzz)\\w+)`")

// TestDocumentsNameTests walks the tables of the documents that promise
// something. Every row names a test, and every test that is named exists.
func TestDocumentsNameTests(t *testing.T) {
	for _, doc := range []string{"security.md", "testing.md"} {
		text, err := os.ReadFile("../docs/" + doc)
		if err != nil {
			t.Fatal(err)
		}
		rows, promises := 0, false
		for i, line := range strings.Split(string(text), "\n") {
			if !strings.HasPrefix(line, "|") {
				promises = false
				continue
			}
			if strings.HasSuffix(line, "| shown by |") {
				promises = true
				continue
			}
			found := named.FindAllStringSubmatch(line, -1)
			if promises && !strings.HasPrefix(line, "|--") {
				rows++
				if found == nil {
					t.Errorf("%s:%d names no test: %s", doc, i+1, line)
				}
			}
			for _, f := range found {
				if !testExists(t, f[1], f[2]) {
					t.Errorf("%s:%d: there is no test %s in %s", doc, i+1, f[2], f[1])
				}
			}
		}
		if rows < 15 {
			t.Errorf("%s has %d rows that promise something, want 15 or more", doc, rows)
		}
	}
}

// TestEveryFuzzTargetIsInTheTable walks all modules for fuzz targets, which the
// table of docs/testing.md is to have, each once.
func TestEveryFuzzTargetIsInTheTable(t *testing.T) {
	text, err := os.ReadFile("../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Fuzzing\n")
	table, _, _ = strings.Cut(table, "\n## ")
	target := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	found := 0
	err = filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || name != ".." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		code, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel("..", filepath.Dir(name))
		if err != nil {
			return err
		}
		if dir == "." {
			dir = "gibson"
		}
		for _, f := range target.FindAllStringSubmatch(string(code), -1) {
			found++
			if row := "`" + filepath.ToSlash(dir) + "." + f[1] + "`"; strings.Count(table, row) != 1 {
				t.Errorf("the table of fuzz targets has %s %d times, want once", row, strings.Count(table, row))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 12 {
		t.Errorf("%d fuzz targets were found, want 12 or more", found)
	}
}

func testExists(t *testing.T, dir, name string) bool {
	t.Helper()
	if dir == "gibson" {
		dir = "."
	}
	files, err := filepath.Glob(filepath.Join("..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}

// TestOriginalFaults checks that the list of the original's faults in
// docs/testing.md has every probe of a crash, and none that does not exist.
func TestOriginalFaults(t *testing.T) {
	text, err := os.ReadFile("../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(text), "## Faults of the original")
	if !ok {
		t.Fatal("docs/testing.md has no section on the original's faults")
	}
	list, _, _ = strings.Cut(list, "\n## ")
	ids := map[string]bool{}
	for _, id := range regexp.MustCompile(`\b[A-Z]\d\d\b`).FindAllString(list, -1) {
		ids[id] = true
	}
	for _, s := range loadScripts(t, "probes") {
		if s.id[0] == 'X' && !ids[s.id] {
			t.Errorf("the list lacks probe %s: %s", s.id, s.title)
		}
		delete(ids, s.id)
	}
	for id := range ids {
		t.Errorf("the list names probe %s, which does not exist", id)
	}
}
