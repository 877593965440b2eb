package wire_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gogibson/gibson/wire"
)

// protocolDoc is the document whose table is made from wire's.
const protocolDoc = "../docs/protocol.md"

// What stands between these lines is generated.
const (
	beginCommands = "<!-- commands: made by \"go generate ./wire\" from its table. Do not edit. -->\n"
	endCommands   = "<!-- /commands -->\n"
)

var update = flag.Bool("update", false, "write the command table into "+protocolDoc)

// TestProtocolDoc fails when the command table in docs/protocol.md is not the
// one of this package. With -update it writes it.
func TestProtocolDoc(t *testing.T) {
	data, err := os.ReadFile(protocolDoc)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(data), beginCommands)
	table, tail, ok2 := strings.Cut(rest, endCommands)
	if !ok1 || !ok2 {
		t.Fatalf("%s lacks the lines %q and %q", protocolDoc, beginCommands, endCommands)
	}
	want := commandTable()
	if table == want {
		return
	}
	if !*update {
		t.Fatalf("the command table in %s is stale: run go generate ./wire", protocolDoc)
	}
	if err := os.WriteFile(protocolDoc, []byte(head+beginCommands+want+endCommands+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// commandTable returns the table in Markdown: every command, and one request
// of each in bytes.
func commandTable() string {
	var b strings.Builder
	b.WriteString("\n| op | command | payload | success | otherwise | |\n|---|---|---|---|---|---|\n")
	for _, c := range wire.Commands() {
		var fails []string
		for _, f := range c.Fails {
			fails = append(fails, f.String())
		}
		fmt.Fprintf(&b, "| %d | [%s](#%s) | %s | %v | %s | %s |\n",
			c.Op, c.Name, strings.ToLower(c.Name), orDash(c.Args), c.Reply, orDash(strings.Join(fails, ", ")), c.Summary)
	}
	b.WriteString("\nOne request of each, with its bytes in hexadecimal:\n\n```\n")
	for _, c := range wire.Commands() {
		request := wire.AppendRequest(nil, c.Op)
		payload := ""
		if c.Example != "" {
			request = wire.AppendRequest(nil, c.Op, []byte(c.Example))
			payload = fmt.Sprintf("  % x", request[wire.HeaderSize+wire.MinLength:])
		}
		fmt.Fprintf(&b, "%s\n    % x  % x%s\n",
			strings.TrimSpace(c.Name+" "+c.Example), request[:wire.HeaderSize], request[wire.HeaderSize:][:wire.MinLength], payload)
	}
	b.WriteString("```\n\n")
	return b.String()
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// headings returns the headings of docs/protocol.md without their numbers.
func headings(t *testing.T) map[string]bool {
	data, err := os.ReadFile(protocolDoc)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^##+ (?:\d+\. )?(.+)$`).FindAllStringSubmatch(string(data), -1) {
		if found[m[1]] {
			t.Errorf("%s has two headings %q", protocolDoc, m[1])
		}
		found[m[1]] = true
	}
	return found
}

func TestProtocolDocHasEveryCommand(t *testing.T) {
	found := headings(t)
	for _, c := range wire.Commands() {
		if !found[c.Name] {
			t.Errorf("%s has no section on %s", protocolDoc, c.Name)
		}
	}
}

// Every link within the document leads to one of its headings.
func TestProtocolDocLinks(t *testing.T) {
	data, err := os.ReadFile(protocolDoc)
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^##+ (.+)$`).FindAllStringSubmatch(string(data), -1) {
		anchors[anchor(m[1])] = true
	}
	links := regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(string(data), -1)
	if len(links) == 0 {
		t.Fatal("no links found")
	}
	for _, m := range links {
		if !anchors[m[1]] {
			t.Errorf("%s links to #%s, which is no heading", protocolDoc, m[1])
		}
	}
}

// anchor returns the name that Markdown renderers give a heading.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^a-z0-9_ -]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}

// Comments all over the module cite sections of the document by their
// headings; each must exist.
func TestProtocolDocCitations(t *testing.T) {
	found := headings(t)
	var (
		comment  = regexp.MustCompile(`\n\s*// ?`)
		citation = regexp.MustCompile(`docs/protocol\.md,\s+(?:"([^"]+)"|([A-Z]\w*))`)
		cited    int
	)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || filepath.Base(path) == "protocoldoc_test.go" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := comment.ReplaceAllString(string(data), " ")
		for _, m := range citation.FindAllStringSubmatch(text, -1) {
			cited++
			if section := m[1] + m[2]; !found[section] {
				t.Errorf("%s cites section %q of docs/protocol.md, which has none such", path, section)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if cited == 0 {
		t.Error("no citation found: the pattern is wrong")
	}
}
