package main

import (
	"os"
	"strings"
	"testing"
)

// TestList reads the list as the program does and expects every entry to be
// complete.
func TestList(t *testing.T) {
	text, err := os.ReadFile("mutants.txt")
	if err != nil {
		t.Fatal(err)
	}
	all, err := parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Errorf("%d mutants, want 20 or more", len(all))
	}
	titles := map[string]bool{}
	for _, m := range all {
		if m.file == "" || m.old == nil || m.with == nil || m.packages == nil {
			t.Errorf("%q lacks something: %+v", m.title, m)
		}
		if code, err := os.ReadFile("../../" + m.file); err != nil {
			t.Error(err)
		} else if n := strings.Count(string(code), strings.Join(m.old, "\n")); n != 1 {
			t.Errorf("%q: the text is there %d times in %s, want once", m.title, n, m.file)
		}
		if titles[m.title] {
			t.Errorf("%q is there twice", m.title)
		}
		titles[m.title] = true
	}
}
