// Command mutants breaks the code on purpose, in the ways that mutants.txt
// lists, one at a time in a clone, and says which test notices and how soon.
// What it prints is the table of docs/testing.md.
//
// Before that the tests must pass in the clone as it is: otherwise they would
// notice anything. It ends with status 1 if they do not, or if one of the ways
// goes unnoticed, no longer applies, or makes tests hang without the list saying
// so.
//
//	go run ./integration/mutants [part of a title]
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

func main() {
	only := ""
	if len(os.Args) > 1 {
		only = os.Args[1]
	}
	if err := run(context.Background(), only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string) error {
	text, err := os.ReadFile("integration/mutants/mutants.txt")
	if err != nil {
		return fmt.Errorf("run it at the root of the module: %w", err)
	}
	all, err := parse(string(text))
	if err != nil {
		return err
	}
	var mutants []mutant
	for _, m := range all {
		if strings.Contains(m.title, only) {
			mutants = append(mutants, m)
		}
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if out, err := exec.CommandContext(ctx, "git", "clone", "-q", ".", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("git clone: %w: %s", err, out)
	}
	l := lab{dir: dir, limits: map[string]time.Duration{}}
	for _, m := range mutants {
		for _, pkg := range m.packages {
			if err := l.control(ctx, pkg); err != nil {
				return err
			}
		}
	}
	t := table{out: os.Stdout}
	t.begin()
	for _, m := range mutants {
		r, err := l.try(ctx, &m)
		t.row(&m, r, err)
	}
	return t.end()
}
