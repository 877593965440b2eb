package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A script is one case of the suite or one probe of the original.
type script struct {
	id    string // of a probe
	title string
	where string // file:line, for messages
	rules []string
	modes []string
	conf  [][2]string
	steps []step
}

// A step is one line that does something.
type step struct {
	where  string
	text   string // without the arrow and what follows it
	who    string // number of the client
	verb   string // request, write, read, cut, ..., advance
	arg    string // what follows the verb
	from   int    // each, until: first and last number
	to     int
	expect string // right of the arrow, or what a read expects
	until  string // until: the reply that ends it
}

// verbs that begin a line, besides the names of commands.
var verbs = []string{"write", "read", "cut", "whole", "poll", "storm", "shut", "hangup", "dial", "stop", "stats", "advance", "align"}

// loadScripts reads every script of a directory under testdata.
func loadScripts(t *testing.T, dir string) []*script {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in testdata/%s: %v", dir, err)
	}
	var all []*script
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		scripts, err := parseScripts(filepath.Base(name), string(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, scripts...)
	}
	return all
}

// parseScripts reads the scripts of one file.
func parseScripts(name, text string) ([]*script, error) {
	var all []*script
	for i, line := range strings.Split(text, "\n") {
		where := fmt.Sprintf("%s:%d", name, i+1)
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		if word == "case" || word == "probe" {
			s := &script{title: rest, where: where}
			if word == "probe" {
				s.id, s.title, _ = strings.Cut(rest, " ")
			}
			all = append(all, s)
			continue
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("%s: %q before the first case", where, word)
		}
		if err := all[len(all)-1].line(where, word, rest, line); err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
	}
	return all, nil
}

// line adds one line to the script.
func (s *script) line(where, word, rest, line string) error {
	switch word {
	case "rules":
		s.rules = append(s.rules, strings.Fields(rest)...)
	case "modes":
		for _, m := range strings.Fields(rest) {
			if m == "wire" {
				s.modes = append(s.modes, "unix", "tcp")
				continue
			}
			if !slices.Contains(modeNames, m) {
				return fmt.Errorf("unknown mode %q", m)
			}
			s.modes = append(s.modes, m)
		}
	case "conf":
		name, value, ok := strings.Cut(rest, " ")
		if !ok {
			return fmt.Errorf("want conf NAME VALUE")
		}
		s.conf = append(s.conf, [2]string{name, strings.TrimSpace(value)})
	default:
		st, err := parseStep(line)
		if err != nil {
			return err
		}
		st.where = where
		s.steps = append(s.steps, st)
	}
	return nil
}

// parseStep reads a line that does something.
func parseStep(line string) (step, error) {
	st := step{who: "1"}
	if i := strings.LastIndex(line, " -> "); i >= 0 {
		st.expect = strings.TrimSpace(line[i+4:])
		line = strings.TrimSpace(line[:i])
	}
	st.text = line
	word, rest, _ := strings.Cut(line, " ")
	if word == "each" || word == "until" {
		span, body, _ := strings.Cut(strings.TrimSpace(rest), " ")
		lo, hi, _ := strings.Cut(span, "..")
		a, err1 := strconv.ParseInt(lo, 0, 32)
		b, err2 := strconv.ParseInt(hi, 0, 32)
		if err1 != nil || err2 != nil || b < a {
			return st, fmt.Errorf("bad range %q", span)
		}
		st.from, st.to = int(a), int(b)
		if word == "until" {
			var ok bool
			if st.expect, st.until, ok = strings.Cut(st.expect, " until "); !ok {
				return st, fmt.Errorf("want -> REPLY until REPLY")
			}
		}
		line = strings.TrimSpace(body)
		word, rest, _ = strings.Cut(line, " ")
	}
	if n, ok := strings.CutPrefix(word, "@"); ok {
		st.who, line = n, strings.TrimSpace(rest)
		word, rest, _ = strings.Cut(line, " ")
	}
	st.verb, st.arg = "request", line
	if slices.Contains(verbs, word) {
		st.verb, st.arg = word, strings.TrimSpace(rest)
	}
	if st.verb == "read" {
		st.expect, st.arg = st.arg, ""
		st.text = line[:len("read")]
		if st.who != "1" {
			st.text = "@" + st.who + " " + st.text
		}
	}
	return st, st.check()
}

// check reports what can be known to be wrong before the script runs.
func (st step) check() error {
	needs := slices.Contains([]string{"request", "read", "cut", "whole", "poll"}, st.verb)
	may := needs || st.verb == "stop" || st.verb == "stats"
	if needs && st.expect == "" || !may && st.expect != "" {
		return fmt.Errorf("%q: a reply is missing or out of place", st.text)
	}
	if _, err := strconv.Atoi(number(st.who, 0)); err != nil {
		return fmt.Errorf("bad client %q", st.who)
	}
	if st.verb == "request" && st.until == "" {
		if _, err := parseRequest(number(st.arg, 0)); err != nil {
			return err
		}
	}
	if st.expect != "" && st.verb != "stats" {
		if _, err := parseExpectations(number(st.expect, 0)); err != nil {
			return err
		}
	}
	return nil
}

// client returns the number of the client that acts in pass i of a loop.
func (st step) client(i int) int {
	n, _ := strconv.Atoi(number(st.who, i)) // check has seen that it is a number
	return n
}

// looped reports whether the step is an each or an until.
func (st step) looped() bool { return st.to != 0 || st.until != "" }
