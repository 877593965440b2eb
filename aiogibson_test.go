package gibson_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/gibsontest"
	"github.com/gogibson/gibson/wire"
)

// TestMSetHasNoExpiry checks what becomes of the third argument that a manual
// gives to mset.
func TestMSetHasNoExpiry(t *testing.T) {
	c := dial(t, gibsontest.NewServer(t).Addr(), nil)
	if err := c.Set(t.Context(), "user:1", []byte("old"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), "mset", "user:", "value", 7); err != nil {
		t.Fatal(err)
	}
	if val, err := c.Get(t.Context(), "user:1"); string(val) != "value 7" || err != nil {
		t.Errorf("Get = %q, %v, want the argument in the value", val, err)
	}
	if ttl, err := c.MetaTTL(t.Context(), "user:1"); ttl != -1 || err != nil {
		t.Errorf("MetaTTL = %d, %v, want -1", ttl, err)
	}
}

func TestMetaLock(t *testing.T) {
	c := dial(t, gibsontest.NewServer(t).Addr(), nil)
	if err := c.Set(t.Context(), "k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	check := func(when string, want int64) {
		t.Helper()
		if n, err := c.MetaLock(t.Context(), "k"); n != want || err != nil {
			t.Errorf("MetaLock %s = %d, %v, want %d", when, n, err, want)
		}
	}
	check("without a lock", 0)
	if err := c.Lock(t.Context(), "k", gibson.Forever); err != nil {
		t.Fatal(err)
	}
	check("until unlocked", -1)
	if err := c.Unlock(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	check("after unlocking", 0)
}

const aiogibsonPage = "docs/from-aiogibson.md"

// aiogibson has the public names of the reference and the arguments that the
// page must account for one by one. It is kept by hand, for the reference is in
// another language and not part of this module. Its commands can be checked all
// the same, since they are those of the protocol: TestReferenceCommands.
func aiogibson() map[string]string {
	return map[string]string{
		"create_connection": "address encoding loop", "encode_command": "command args",
		"GibsonConnection": "", "GibsonConnection.execute": "command args encoding",
		"GibsonConnection.close": "", "GibsonConnection.closed": "", "GibsonConnection.wait_closed": "",
		"GibsonConnection.encoding": "", "GibsonConnection.address": "",
		"Reader": "", "Reader.feed": "data", "Reader.gets": "",
		"GibsonError": "", "ProtocolError": "", "ReplyError": "", "ExpectedANumber": "", "MemoryLimitError": "", "KeyLockedError": "",
		"create_gibson": "address encoding commands_factory loop",
		"Gibson":        "", "Gibson.close": "", "Gibson.closed": "", "Gibson.wait_closed": "",
		"Gibson.count": "prefix", "Gibson.dec": "key", "Gibson.delete": "key", "Gibson.end": "", "Gibson.get": "key",
		"Gibson.inc": "key", "Gibson.keys": "prefix", "Gibson.lock": "key expire", "Gibson.mdec": "prefix", "Gibson.mdelete": "prefix",
		"Gibson.meta_access": "key", "Gibson.meta_created": "key", "Gibson.meta_encoding": "key", "Gibson.meta_left": "key",
		"Gibson.meta_lock": "key", "Gibson.meta_size": "key", "Gibson.meta_ttl": "key", "Gibson.mget": "prefix limit",
		"Gibson.minc": "prefix", "Gibson.mlock": "prefix expire", "Gibson.mset": "prefix value", "Gibson.mttl": "prefix expire",
		"Gibson.munlock": "prefix", "Gibson.ping": "", "Gibson.set": "key value expire", "Gibson.stats": "",
		"Gibson.ttl": "key expire", "Gibson.unlock": "key",
		"create_pool": "address encoding minsize maxsize commands_factory loop",
		"GibsonPool":  "", "GibsonPool.minsize": "", "GibsonPool.maxsize": "", "GibsonPool.size": "", "GibsonPool.freesize": "",
		"GibsonPool.encoding": "", "GibsonPool.acquire": "", "GibsonPool.release": "conn", "GibsonPool.clear": "",
	}
}

// TestReferenceCommands compares the commands of the reference, by name and
// number of arguments, with the table of the protocol's. META has a method for
// each field there.
func TestReferenceCommands(t *testing.T) {
	names := map[string]string{"DEL": "delete", "MDEL": "mdelete"}
	want := make(map[string]int)
	for _, cmd := range wire.Commands() {
		n := len(strings.Fields(cmd.Args))
		if cmd.Op == wire.OpMeta {
			for _, field := range []string{"access", "created", "encoding", "left", "lock", "size", "ttl"} {
				want["Gibson.meta_"+field] = n - 1
			}
			continue
		}
		name, ok := names[cmd.Name]
		if !ok {
			name = strings.ToLower(cmd.Name)
		}
		want["Gibson."+name] = n
	}
	for _, method := range []string{"close", "closed", "wait_closed"} { // no commands
		want["Gibson."+method] = 0
	}
	got := make(map[string]int)
	for name, args := range aiogibson() {
		if strings.HasPrefix(name, "Gibson.") {
			got[name] = len(strings.Fields(args))
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the reference has %v\nthe protocol has %v", got, want)
	}
}

// TestFromAiogibson walks the page that says what takes the reference's place.
func TestFromAiogibson(t *testing.T) {
	pkg, err := thisPackage()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range pageProblems(os.DirFS("."), pkg, aiogibson()) {
		t.Error(problem)
	}
}

// TestFromAiogibsonFails shows that the walk sees what it is there for.
func TestFromAiogibsonFails(t *testing.T) {
	pkg, err := thisPackage()
	if err != nil {
		t.Fatal(err)
	}
	const head = "| aiogibson | Go | What to know | Shown by |\n|---|---|---|---|\n"
	const row = "| `Gibson.get(key)` | `Conn.Get(key)` | digits | [TestGet](../a_test.go) |\n"
	for name, tc := range map[string]struct{ page, want string }{
		"as it is":          {head + row, ""},
		"no table":          {row, "no table"},
		"empty cell":        {head + strings.Replace(row, "digits", " ", 1), "empty cell"},
		"dash":              {head + strings.Replace(row, "digits", "—", 1), "empty cell"},
		"cell too few":      {head + strings.Replace(row, "| digits ", "", 1), "3 cells"},
		"no Go name":        {head + strings.Replace(row, "`Conn.Get(key)`", "Get", 1), "no name"},
		"unknown type":      {head + strings.Replace(row, "Conn.Get", "Con.Get", 1), "Con is not"},
		"unknown method":    {head + strings.Replace(row, "Conn.Get", "Conn.Got", 1), "Conn.Got is not"},
		"unknown parameter": {head + strings.Replace(row, "Get(key)", "Get(keys)", 1), "no parameter keys"},
		"not a function":    {head + strings.Replace(row, "Conn.Get", "Options.TLS", 1), "no parameter key"},
		"malformed name":    {head + strings.Replace(row, "Conn.Get", "conn.Get", 1), "malformed"},
		"no test":           {head + strings.Replace(row, "[TestGet](../a_test.go)", "TestGet", 1), "no test"},
		"unknown test":      {head + strings.Replace(row, "[TestGet]", "[TestGot]", 1), "no TestGot in a_test.go"},
		"unknown file":      {head + row + "[x](../gone.go)", "gone.go"},
		"other subject":     {head + strings.Replace(row, "Conn.Get(key)", "Conn.Inc(key)", 1), "says nothing of"},
		"method left out":   {head + strings.Replace(row, "Gibson.get", "Gibson.got", 1), "Gibson.get is missing"},
		"argument left out": {head + strings.Replace(row, "get(key)", "get(other)", 1), "Gibson.get(key) is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := fstest.MapFS{
				aiogibsonPage: {Data: []byte(tc.page)},
				"a_test.go":   {Data: []byte("package p\nfunc TestGet() { c.Get(); var o Options; o.TLS = nil }\n")},
			}
			got := strings.Join(pageProblems(tree, pkg, map[string]string{"Gibson.get": "key"}), "\n")
			if (got != "") != (tc.want != "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// thisPackage returns the exported names of package gibson with their types,
// as a program that imports it sees them.
func thisPackage() (*types.Package, error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	exports := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		imported, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[imported] = file
	}
	lookup := func(imported string) (io.ReadCloser, error) { return os.Open(exports[imported]) }
	return importer.ForCompiler(token.NewFileSet(), "gc", lookup).Import(module)
}

var (
	span   = regexp.MustCompile("`([^`]*)`")
	goName = regexp.MustCompile(`^([A-Z]\w*)(?:\.([A-Z]\w*))?(?:\(([\w, ]+)\))?$`)
	pyName = regexp.MustCompile(`^([\w.]+)(?:\(([^)]*)\))?$`)
	link   = regexp.MustCompile(`\[([^\]]*)\]\(\.\./([^)]*)\)`)
)

// pageProblems returns what is wrong with the page in tree: with its table, its
// links, and the names that it does not have.
func pageProblems(tree fs.FS, pkg *types.Package, reference map[string]string) []string {
	page, err := fs.ReadFile(tree, aiogibsonPage)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	for _, m := range link.FindAllStringSubmatch(string(page), -1) {
		if err := checkLink(tree, m[1], m[2]); err != nil {
			found = append(found, err.Error())
		}
	}
	_, table, ok := strings.Cut(string(page), "\n|---|---|---|---|\n")
	if !ok {
		return append(found, "no table of four columns")
	}
	seen := make(map[string]bool) // names, and name(argument)
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "|\n"), "|")
		if len(cells) != 4 {
			found = append(found, fmt.Sprintf("%d cells in %s", len(cells), line))
			continue
		}
		for _, problem := range rowProblems(tree, pkg, cells) {
			found = append(found, problem+" in "+line)
		}
		for _, s := range span.FindAllStringSubmatch(cells[0], -1) {
			if m := pyName.FindStringSubmatch(s[1]); m != nil {
				seen[m[1]] = true
				for arg := range strings.FieldsFuncSeq(m[2], func(r rune) bool { return strings.ContainsRune("*, ", r) }) {
					arg, _, _ = strings.Cut(arg, "=")
					seen[m[1]+"("+arg+")"] = true
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(reference)) {
		if !seen[name] {
			found = append(found, name+" is missing")
		}
		for arg := range strings.FieldsSeq(reference[name]) {
			if arg = name + "(" + arg + ")"; !seen[arg] {
				found = append(found, arg+" is missing")
			}
		}
	}
	return found
}

// rowProblems returns what is wrong with one row: a cell without content, a
// name that is not in pkg, no test, or a test in a file that mentions none of
// the names.
func rowProblems(tree fs.FS, pkg *types.Package, cells []string) (found []string) {
	for _, cell := range cells {
		if strings.Trim(cell, " -–—?`") == "" {
			found = append(found, "empty cell")
		}
	}
	var names []string
	for _, s := range span.FindAllStringSubmatch(cells[1], -1) {
		last, err := resolve(pkg, s[1])
		if err != nil {
			found = append(found, err.Error())
		}
		names = append(names, regexp.QuoteMeta(last))
	}
	if len(names) == 0 {
		found = append(found, "no name of the package")
	}
	mentions := regexp.MustCompile(`\b(` + strings.Join(names, "|") + `)\b`)
	tests := 0
	for _, m := range link.FindAllStringSubmatch(cells[3], -1) {
		if !strings.HasSuffix(m[2], "_test.go") {
			continue
		}
		tests++
		if src, err := fs.ReadFile(tree, m[2]); err == nil && !mentions.Match(src) {
			found = append(found, m[2]+" says nothing of "+strings.TrimSpace(cells[1]))
		}
	}
	if tests == 0 {
		found = append(found, "no test")
	}
	return found
}

// resolve finds a name of pkg such as Dial, Conn.Get(key) or Options.Encoding,
// and returns its last part.
func resolve(pkg *types.Package, name string) (last string, err error) {
	m := goName.FindStringSubmatch(name)
	if m == nil {
		return name, fmt.Errorf("malformed name %s", name)
	}
	last = m[1]
	obj := pkg.Scope().Lookup(m[1])
	if obj == nil {
		return last, fmt.Errorf("%s is not in the package", m[1])
	}
	if m[2] != "" {
		last = m[2]
		if obj, _, _ = types.LookupFieldOrMethod(obj.Type(), true, pkg, m[2]); obj == nil {
			return last, fmt.Errorf("%s.%s is not in the package", m[1], m[2])
		}
	}
	for param := range strings.SplitSeq(m[3], ", ") {
		sig, ok := obj.Type().(*types.Signature)
		if param != "" && (!ok || !slices.ContainsFunc(slices.Collect(sig.Params().Variables()), func(v *types.Var) bool { return v.Name() == param })) {
			return last, fmt.Errorf("no parameter %s", param)
		}
	}
	return last, nil
}

// checkLink looks for the file that a link names and, if that is one of tests,
// for the test that the link's text names.
func checkLink(tree fs.FS, text, file string) error {
	src, err := fs.ReadFile(tree, path.Clean(file))
	if err != nil || !strings.HasSuffix(file, "_test.go") {
		return err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, bytes.NewReader(src), parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range parsed.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == text {
			return nil
		}
	}
	return errors.New("no " + text + " in " + file)
}
