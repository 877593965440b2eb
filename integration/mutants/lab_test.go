package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// module makes a module with a function that is tested, and one that is not.
func module(t *testing.T) *lab {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module m\n\ngo 1.20\n",
		"m.go": `package m

func one() int {
	return 1
}

func two() int {
	return 2
}
`,
		"m_test.go": `package m

import "testing"

func TestOne(t *testing.T) {
	if one() != 1 {
		t.Error(one())
	}
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &lab{dir: dir, limits: map[string]time.Duration{}}
}

// TestLab breaks a module in every way that ends differently.
func TestLab(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	l := module(t)
	if err := l.control(t.Context(), "."); err != nil {
		t.Fatal(err)
	}
	if l.limits["."] < least {
		t.Errorf("the tests of broken code may take %v, want %v or more", l.limits["."], least)
	}
	for _, test := range []struct {
		old, with string
		kind      kind
		who, err  string
	}{
		{"return 1", "return 3", noticed, "`TestOne`", ""},
		{"return 1", "panic(1)", noticed, "`TestOne`", ""},
		{"return 1", "go func() { panic(1) }(); select {}", noticed, "a crash", ""},
		{"return 1", "for { }", hung, "`TestOne`", ""},
		{"return 2", "return 3", passed, "", ""},
		{"return 2", "return two", passed, "", "does not build"},
		{"return 3", "return 4", passed, "", "the text is there 0 times"},
	} {
		m := mutant{file: "m.go", old: []string{test.old}, with: []string{test.with}, packages: []string{"."}}
		l.limits["."] = least
		if test.kind == hung {
			l.limits["."] = 3 * time.Second
		}
		r, err := l.try(t.Context(), &m)
		if r.kind != test.kind || r.who != test.who {
			t.Errorf("%s: kind %d, %s, want %d, %s", test.with, r.kind, r.who, test.kind, test.who)
		}
		if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: error %v, want %q", test.with, err, test.err)
		}
	}
	if err := l.build(t.Context(), "."); err != nil {
		t.Errorf("the module was not mended: %v", err)
	}
}

// TestControl: tests that fail while nothing is broken end everything.
func TestControl(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	for with, want := range map[string]string{"return 3": "TestOne", "return one": "does not build"} {
		l := module(t)
		code := filepath.Join(l.dir, "m.go")
		text, err := os.ReadFile(code)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(code, []byte(strings.Replace(string(text), "return 1", with, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := l.control(t.Context(), "."); err == nil || !strings.HasPrefix(err.Error(), "control") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want the control's, with %q", with, err, want)
		}
	}
}
