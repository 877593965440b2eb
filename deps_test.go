package gibson_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/gogibson/gibson"

// depsPolicy is the architecture: what each package may import besides the
// standard library, tests not counted. It is a statement of policy. A change
// of it is a change of the design, and an entry that nothing uses any more
// goes.
//
// A package of this module is named by its directory, the root by a dot; a
// module of others by its path, which stands for every package in it.
func depsPolicy() map[string][]string {
	return map[string][]string{
		// Leaves.
		"internal/gerr":     {},
		"internal/value":    {},
		"internal/config":   {},
		"internal/machine":  {},
		"internal/resident": {},
		"internal/testcert": {}, // for tests only

		// The engine. It knows nothing of the network or of the protocol.
		"internal/arena": {"golang.org/x/sys"},
		"internal/radix": {"internal/arena"},
		"cache":          {"internal/gerr", "internal/machine", "internal/radix", "internal/value", "github.com/klauspost/compress"},

		// The protocol and the client. A program that only imports the client
		// does not compile the engine.
		"wire": {"internal/gerr", "internal/value"},
		".":    {"internal/gerr", "internal/value", "wire", "github.com/jackc/puddle", "golang.org/x/sync", "golang.org/x/text"},

		// Where the two meet. The behaviour suite has only tests.
		"server":              {"cache", "internal/gerr", "internal/machine", "internal/resident", "wire", "golang.org/x/sys"},
		"gibsontest":          {"cache", "server"},
		"integration":         {},
		"integration/model":   {},
		"integration/fault":   {},
		"integration/linear":  {},
		"integration/mutants": {},
		"integration/soak":    {"."},

		// What is left of a cache when its process ends.
		"internal/snapshot": {"cache", "github.com/klauspost/compress"},

		// For operators. It declares what it needs of the two.
		"admin": {"github.com/prometheus/client_golang"},

		// For logs. Adapters that need more than the standard library are
		// modules of their own.
		"contrib/gibsonslog": {"."},

		// Programs.
		"internal/cli": {
			".", "admin", "cache", "internal/config", "internal/resident", "internal/snapshot", "internal/value", "server", "wire",
			"github.com/coreos/go-systemd", "github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/sys", "golang.org/x/term",
		},
		"cmd/gibson":              {"internal/cli"},
		"packaging/archive":       {},
		"examples/commands":       {".", "examples/internal/local"},
		"examples/connection":     {".", "examples/internal/local"},
		"examples/pipeline":       {".", "examples/internal/local"},
		"examples/pool":           {".", "examples/internal/local"},
		"examples/internal/local": {"cache", "server"},
		"examples/quickstart":     {".", "cache", "server"},
	}
}

// neverBuilt names packages that must not even be reached by way of others.
func neverBuilt() map[string][]string {
	return map[string][]string{
		".":     {module + "/cache", module + "/internal/radix", module + "/server"},
		"wire":  {"net", "crypto/tls", module + "/cache"},
		"cache": {"net", module + "/wire", module + "/server"},
	}
}

func TestDependencies(t *testing.T) {
	edges, err := importsOf(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range violations(depsPolicy(), edges) {
		t.Error(problem)
	}
}

func TestNeverBuilt(t *testing.T) {
	for pkg, banned := range neverBuilt() {
		out, err := exec.Command("go", "list", "-deps", "./"+pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps ./%s: %v", pkg, err)
		}
		deps := strings.Fields(string(out))
		if !slices.Contains(deps, path.Join(module, pkg)) {
			t.Fatalf("go list -deps ./%s does not list the package itself: %q", pkg, deps)
		}
		for _, b := range banned {
			if slices.Contains(deps, b) {
				t.Errorf("%s depends on %s, if not directly", pkg, b)
			}
		}
	}
}

// TestDependencyCheckFails shows that the check sees what it is there for.
func TestDependencyCheckFails(t *testing.T) {
	source := func(imports ...string) *fstest.MapFile {
		text := "package p\n"
		for _, i := range imports {
			text += fmt.Sprintf("import %q\n", i)
		}
		return &fstest.MapFile{Data: []byte(text)}
	}
	tree := fstest.MapFS{
		"root.go":                 source("fmt", module+"/a"),
		"a/a.go":                  source("net/http", "example.com/lib/sub"),
		"a/a_windows.go":          source("example.com/windows"),
		"a/a_test.go":             source("example.com/only/tests"),
		"a/testdata/t.go":         source("example.com/data"),
		"nested/go.mod":           {Data: []byte("module nested\n")},
		"nested/n.go":             source("example.com/nested"),
		".hidden/h.go":            source("example.com/hidden"),
		"internal/b/sub/b_sub.go": source(module),
	}
	edges, err := importsOf(tree)
	if err != nil {
		t.Fatal(err)
	}
	good := func() map[string][]string {
		return map[string][]string{
			".":              {"a"},
			"a":              {"example.com/lib", "example.com/windows"},
			"internal/b/sub": {"."},
		}
	}
	for name, tc := range map[string]struct {
		change func(policy map[string][]string)
		want   []string
	}{
		"as it is":           {func(map[string][]string) {}, nil},
		"new edge":           {func(p map[string][]string) { p["."] = nil }, []string{". imports a"}},
		"new library":        {func(p map[string][]string) { p["a"] = p["a"][:1] }, []string{"a imports example.com/windows"}},
		"library by prefix":  {func(p map[string][]string) { p["a"][0] = "example.com/li" }, []string{"a imports example.com/lib/sub", "a no longer imports example.com/li"}},
		"edge that is gone":  {func(p map[string][]string) { p["."] = append(p["."], "internal/b/sub") }, []string{". no longer imports internal/b/sub"}},
		"new package":        {func(p map[string][]string) { delete(p, "internal/b/sub") }, []string{"internal/b/sub is not in the table"}},
		"package that moved": {func(p map[string][]string) { p["c"] = nil }, []string{"c is in the table but does not exist"}},
	} {
		t.Run(name, func(t *testing.T) {
			policy := good()
			tc.change(policy)
			if got := violations(policy, edges); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// importsOf returns, for each package of the module at the root of tree, the
// packages that its files import, without the standard library. It reads
// every file that is not a test, for whatever system it is.
func importsOf(tree fs.FS) (map[string][]string, error) {
	edges := make(map[string][]string)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipDir(tree, name)
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, data, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var deps []string
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if dep, ok := nonStandard(imported); ok {
				deps = append(deps, dep)
			}
		}
		pkg := path.Dir(name)
		edges[pkg] = append(edges[pkg], deps...) // no imports make an entry too
		return nil
	})
	for pkg := range edges {
		slices.Sort(edges[pkg])
		edges[pkg] = slices.Compact(edges[pkg])
	}
	return edges, err
}

// skipDir returns fs.SkipDir for directories that do not belong to the
// module: hidden ones, test data and modules of their own.
func skipDir(tree fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	_, err := fs.Stat(tree, path.Join(name, "go.mod"))
	if base[0] == '.' || base[0] == '_' || base == "testdata" || err == nil {
		return fs.SkipDir
	}
	return nil
}

// nonStandard returns imported as the table writes it, and false if it is
// part of the standard library, whose paths have no dot in the first element.
func nonStandard(imported string) (string, bool) {
	if imported == module {
		return ".", true
	}
	if dir, ok := strings.CutPrefix(imported, module+"/"); ok {
		return dir, true
	}
	first, _, _ := strings.Cut(imported, "/")
	return imported, strings.Contains(first, ".")
}

// violations compares what may be imported with what is, in both directions.
func violations(policy, edges map[string][]string) []string {
	var found []string
	for _, pkg := range slices.Sorted(maps.Keys(edges)) {
		allowed, ok := policy[pkg]
		if !ok {
			found = append(found, pkg+" is not in the table")
			continue
		}
		for _, dep := range edges[pkg] {
			if !slices.ContainsFunc(allowed, func(a string) bool { return covers(a, dep) }) {
				found = append(found, pkg+" imports "+dep)
			}
		}
		for _, a := range allowed {
			if !slices.ContainsFunc(edges[pkg], func(dep string) bool { return covers(a, dep) }) {
				found = append(found, pkg+" no longer imports "+a)
			}
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(policy)) {
		if _, ok := edges[pkg]; !ok {
			found = append(found, pkg+" is in the table but does not exist")
		}
	}
	return found
}

// covers reports whether an entry of the table allows the import of dep. Only
// the path of a foreign module stands for more than itself.
func covers(entry, dep string) bool {
	if entry == dep {
		return true
	}
	_, foreign := nonStandard(entry)
	return foreign && strings.HasPrefix(dep, entry+"/")
}
