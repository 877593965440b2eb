package integration

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// An exception is one answer of the original's that ours differs from on
// purpose.
type exception struct {
	where string // line of testdata/exceptions.txt
	rule  string // of docs/compat.md
	probe string
	step  int    // from 1: which of the probe's lines
	text  string // the line without its answer, so that a wrong number shows
	ours  string
}

// loadExceptions reads testdata/exceptions.txt: under "rule ID" lines
//
//	A08.3 SET 0abc a8 v -> NAN
//
// the probe, the number of the line in it, the line, and our answer.
func loadExceptions(t *testing.T) []exception {
	t.Helper()
	text, err := os.ReadFile("testdata/exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []exception
	rule := ""
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "rule "); ok {
			rule = name
			continue
		}
		e := exception{where: fmt.Sprintf("exceptions.txt:%d", i+1), rule: rule}
		left, ours, ok := cutLast(line, " -> ")
		id, request, ok2 := strings.Cut(left, " ")
		probe, step, ok3 := strings.Cut(id, ".")
		n, err := strconv.Atoi(step)
		if !ok || !ok2 || !ok3 || err != nil || rule == "" {
			t.Fatalf("%s: want PROBE.STEP REQUEST -> REPLY under a rule", e.where)
		}
		e.probe, e.step = probe, n
		e.text, e.ours = strings.TrimSpace(request), strings.TrimSpace(ours)
		out = append(out, e)
	}
	return out
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// exceptionsOf returns the exceptions of one probe by step, from 0.
func exceptionsOf(all []exception, probe string) map[int]exception {
	out := map[int]exception{}
	for _, e := range all {
		if e.probe == probe {
			out[e.step-1] = e
		}
	}
	return out
}

// TestExceptions checks the table against the probes: each entry names a line
// that exists, and says something else than the original did.
func TestExceptions(t *testing.T) {
	probes := map[string]*script{}
	for _, s := range loadScripts(t, "probes") {
		probes[s.id] = s
	}
	seen := map[string]bool{}
	for _, e := range loadExceptions(t) {
		s := probes[e.probe]
		if s == nil || e.step < 1 || e.step > len(s.steps) {
			t.Errorf("%s: no step %s.%d", e.where, e.probe, e.step)
			continue
		}
		st := s.steps[e.step-1]
		if st.text != e.text {
			t.Errorf("%s: step %d of %s is %q, not %q", e.where, e.step, e.probe, st.text, e.text)
		}
		if st.expect == e.ours {
			t.Errorf("%s: this no longer differs from the original", e.where)
		}
		if id := fmt.Sprint(e.probe, e.step); seen[id] {
			t.Errorf("%s: this step is there twice", e.where)
		} else {
			seen[id] = true
		}
		if st.verb == "stats" {
			continue
		}
		ours, err := parseExpectations(number(e.ours, st.from))
		if err != nil {
			t.Errorf("%s: %v", e.where, err)
			continue
		}
		theirs, err := parseExpectations(number(st.expect, st.from))
		if err != nil {
			t.Fatal(err)
		}
		if same(ours, theirs) {
			t.Errorf("%s: this no longer differs from the original", e.where)
		}
	}
}

// same reports whether ours, where it can be compared, is what the original
// said too. A range that holds our answer counts as the same.
func same(ours, theirs []expectation) bool {
	if len(ours) != len(theirs) {
		return false
	}
	for i := range ours {
		o := outcome{raw: ours[i].raw, event: ours[i].event}
		if o.raw == nil && o.event == "" || !theirs[i].match(o, epoch, 0) {
			return false
		}
	}
	return true
}
