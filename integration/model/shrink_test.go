package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shrink returns steps as few and as short as it finds that still make a
// difference, and that difference.
func shrink(t testing.TB, l limits, steps []step, d *difference, run runner) ([]step, *difference) {
	try := func(candidate []step) bool {
		found := run(t, l, candidate)
		if found == nil {
			return false
		}
		steps, d = candidate[:min(found.at+1, len(candidate))], found
		return true
	}
	if !try(steps) {
		return steps, d // it was the timing: shorter is not likelier
	}
	// Leave out ever smaller pieces.
	for size := len(steps) / 2; size > 0; size /= 2 {
		for from := 0; from < len(steps); {
			if !try(without(steps, from, min(from+size, len(steps)))) {
				from += size
			}
		}
	}
	for from := 0; from < len(steps); { // once more, one by one
		if !try(without(steps, from, from+1)) {
			from++
		}
	}
	for i := 0; i < len(steps); i++ {
		for n := len(steps[i].payload) / 2; n > 0; n /= 2 {
			for i < len(steps) && n <= len(steps[i].payload) {
				candidate := append([]step(nil), steps...)
				candidate[i].payload = candidate[i].payload[:len(candidate[i].payload)-n]
				if !try(candidate) {
					break
				}
			}
		}
	}
	return steps, d
}

func without(steps []step, from, to int) []step {
	return append(append([]step(nil), steps[:from]...), steps[to:]...)
}

// asTest prints a conversation as a file with a Go test, to be kept beside
// found_test.go or, without its beginning, in it.
func asTest(name string, l limits, steps []step) string {
	var b strings.Builder
	run := map[string]string{"Embedded": "inProcess", "Server": "overSocket"}[name]
	// In this package, model is the struct.
	in := strings.TrimPrefix(fmt.Sprintf("%#v", l), "model.")
	fmt.Fprintf(&b, "func TestFound(t *testing.T) { // say what was wrong\n\tt.Parallel()\n\treplay(t, %s, %s, []step{\n", run, in)
	for _, s := range steps {
		switch s.kind {
		case request, held, badLen:
			fmt.Fprintf(&b, "\t\t{kind: %s, conn: %d, op: %s, payload: %s},\n",
				map[kind]string{request: "request", held: "held", badLen: "badLen"}[s.kind], s.conn, opSource(s), payloadSource(s.payload))
		default:
			fmt.Fprintf(&b, "\t\t{kind: %s, after: %d}, // %v\n",
				map[kind]string{advance: "advance", deadline: "deadline", jump: "jump"}[s.kind], s.after, s.after)
		}
	}
	b.WriteString("\t})\n}\n")
	imports := "\t\"testing\"\n"
	if strings.Contains(b.String(), "strings.Repeat(") {
		imports = "\t\"strings\"\n" + imports
	}
	return "package model\n\nimport (\n" + imports + ")\n\n" + b.String()
}

func opSource(s step) string {
	if name, ok := opNames[s.op]; ok && s.kind != badLen {
		return fmt.Sprintf("%d /* %s */", s.op, name)
	}
	return fmt.Sprint(s.op)
}

// payloadSource writes a string in Go, a long run of one byte as such.
func payloadSource(s string) string {
	if n := len(s); n > 60 {
		from := n
		for from > 0 && s[from-1] == s[n-1] {
			from--
		}
		if n-from > 30 {
			return fmt.Sprintf("%q + strings.Repeat(%q, %d)", s[:from], s[n-1:], n-from)
		}
	}
	return fmt.Sprintf("%q", s)
}

// replay runs a conversation that once made a difference.
func replay(t *testing.T, run runner, l limits, steps []step) {
	t.Helper()
	if d := run(t, l, steps); d != nil {
		t.Error(d)
	}
}

// TestShrink lets a cache that ends lives late be found, and expects what is
// left of the conversation to be the least there is: an item and a look at it.
func TestShrink(t *testing.T) {
	late := func(t testing.TB, l limits, steps []step) *difference {
		wrong := append([]step(nil), steps...)
		for i := range wrong {
			if wrong[i].op == opSet {
				wrong[i].payload = strings.Replace(wrong[i].payload, "1 ", "2 ", 1)
			}
		}
		m, e := &model{limits: l}, newEmbedded(t, l)
		defer e.close()
		for i, s := range steps {
			if pass(m, e, s) {
				continue
			}
			a := m.do(s.op, s.payload)
			if d := compare(m, i, a, e.do(s.conn, s.op, wrong[i].payload)); d != nil {
				return d
			}
		}
		return nil
	}
	g, steps := conversation(7, 1, 3000, false)
	g.limits.evicts, g.limits.maxItems = false, 0
	d := late(t, g.limits, steps)
	if d == nil {
		t.Fatal("no difference to begin with")
	}
	steps, d = shrink(t, g.limits, steps[:d.at+1], d, late)
	if len(steps) > 3 {
		t.Errorf("%d steps are left, want at most 3: %v\n%s", len(steps), d, asTest("Embedded", g.limits, steps))
	}
}

// TestPrintedTestCompiles has the compiler see what asTest prints, as a file of
// this package.
func TestPrintedTestCompiles(t *testing.T) {
	t.Parallel()
	steps := []step{
		{op: opSet, payload: "5 k \x00\xff\"`\n"},
		{kind: held, conn: 2, op: opMSet, payload: "k " + strings.Repeat("z", 100)},
		{op: opGet, payload: strings.Repeat("\xff", 100)},
		{op: opSet, payload: "0 noise " + noise[:200]},
		{op: 99, payload: "x"},
		{kind: badLen, conn: 1, op: 4},
		{kind: advance, after: time.Second},
		{kind: deadline, after: -time.Millisecond},
		{kind: jump, after: -3 * time.Hour},
	}
	for name, printed := range map[string]string{
		"server":   asTest("Server", limits{8, 400, 30, 100, 200, 20, true, true, 70_000}, steps),
		"embedded": asTest("Embedded", limits{maxKey: 8, maxValue: 60, compression: 30, maxTTL: 100}, steps[:1]),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			source, overlay := filepath.Join(dir, "printed.go"), filepath.Join(dir, "overlay.json")
			here, err := filepath.Abs("printed_test.go")
			if err != nil {
				t.Fatal(err)
			}
			replace, err := json.Marshal(map[string]map[string]string{"Replace": {here: source}})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.WriteFile(source, []byte(printed), 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.CommandContext(t.Context(), "go", "vet", "-overlay", overlay, ".").CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n%s", err, out, printed)
			}
		})
	}
}
