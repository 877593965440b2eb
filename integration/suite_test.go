package integration

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestSuite runs every case of testdata/suite in every mode that it is for.
func TestSuite(t *testing.T) {
	for _, s := range loadScripts(t, "suite") {
		for _, mode := range modeNames {
			if !s.runsIn(mode) {
				continue
			}
			t.Run(s.title+"/"+mode, func(t *testing.T) {
				t.Parallel()
				p := &player{t: t, w: newWorld(t, mode, s.conf)}
				p.play(s)
			})
		}
	}
}

// loadRules returns the ids of testdata/rules.txt.
func loadRules(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/rules.txt")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		id, sentence, _ := strings.Cut(line, " ")
		if strings.TrimSpace(sentence) == "" {
			t.Errorf("rule %s has no sentence", id)
		}
		if slices.Contains(ids, id) {
			t.Errorf("rule %s is there twice", id)
		}
		ids = append(ids, id)
	}
	return ids
}

// TestRules checks that every rule has a case and every case known rules.
func TestRules(t *testing.T) {
	rules := loadRules(t)
	covered := map[string]bool{}
	titles := map[string]bool{}
	see := func(where string, ids []string) {
		if len(ids) == 0 {
			t.Errorf("%s: the case names no rule", where)
		}
		for _, id := range ids {
			if !slices.Contains(rules, id) {
				t.Errorf("%s: no rule %s in testdata/rules.txt", where, id)
			}
			covered[id] = true
		}
	}
	for _, s := range loadScripts(t, "suite") {
		see(s.where, s.rules)
		if titles[s.title] {
			t.Errorf("%s: the title is taken", s.where)
		}
		titles[s.title] = true
		if len(s.steps) == 0 {
			t.Errorf("%s: the case does nothing", s.where)
		}
	}
	for _, c := range goCases {
		see(c.name, c.rules)
	}
	for _, id := range rules {
		if !covered[id] {
			t.Errorf("rule %s has no case", id)
		}
	}
}
