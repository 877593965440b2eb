package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gogibson/gibson/internal/config"
)

// configDoc is the document whose tables are made from that of the directives.
const configDoc = "../../docs/config.md"

// What stands between these lines is generated.
const (
	beginDirectives = "<!-- directives: made by \"go generate ./internal/config\" from its table. Do not edit. -->\n"
	endDirectives   = "<!-- /directives -->\n"
)

// TestConfigDoc fails when the tables in docs/config.md are not those of this
// package. With -update it writes them.
func TestConfigDoc(t *testing.T) {
	data, err := os.ReadFile(configDoc)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(data), beginDirectives)
	tables, tail, ok2 := strings.Cut(rest, endDirectives)
	if !ok1 || !ok2 {
		t.Fatalf("%s lacks the lines %q and %q", configDoc, beginDirectives, endDirectives)
	}
	want := directiveTables()
	if tables == want {
		return
	}
	if !*update {
		t.Fatalf("the directives in %s are stale: run go generate ./internal/config", configDoc)
	}
	if err := os.WriteFile(configDoc, []byte(head+beginDirectives+want+endDirectives+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// directiveTables returns a table in Markdown for each section.
func directiveTables() string {
	var b strings.Builder
	var section config.Section
	for _, d := range config.Directives() {
		if d.Section != section {
			section = d.Section
			fmt.Fprintf(&b, "\n### %s\n\n| directive | default | the original's file | what it does | values |\n|---|---|---|---|---|\n", section)
		}
		name := "`" + d.Name + "`"
		if d.Reloadable {
			name += " ↻"
		}
		shipped := code(d.Shipped)
		if !d.Original {
			shipped = "(new)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name, code(d.Default), shipped, d.Doc, d.Allowed())
	}
	b.WriteString("\n")
	return b.String()
}

// code returns s as code, or a dash for nothing.
func code(s string) string {
	if s == "" {
		return "–"
	}
	return "`" + s + "`"
}
