// Command mutants breaks the code on purpose, in the ways that mutants.txt
// lists, one at a time in a clone, and says which test notices and how soon. It
// ends with status 1 if one of them goes unnoticed or no longer applies.
//
//	go run ./integration/mutants [part of a title]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// mutant is one way to break the code.
type mutant struct {
	title, file string
	old, with   []string // lines
	packages    []string
}

// perPackage bounds the tests of one package. One that hangs is noticed, too.
const perPackage = 2 * time.Minute

func run(ctx context.Context, only string) error {
	text, err := os.ReadFile("integration/mutants/mutants.txt")
	if err != nil {
		return fmt.Errorf("run it at the root of the module: %w", err)
	}
	mutants, err := parse(string(text))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if out, err := exec.CommandContext(ctx, "git", "clone", "-q", ".", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("git clone: %w: %s", err, out)
	}
	fmt.Println("| broken on purpose | file | noticed by | package | after |")
	fmt.Println("|---|---|---|---|---|")
	noticed, all := 0, 0
	for _, m := range mutants {
		if !strings.Contains(m.title, only) {
			continue
		}
		all++
		who, pkg, took, err := m.try(ctx, dir)
		switch {
		case err != nil:
			who = "**" + err.Error() + "**"
		case who == "":
			who = "**nobody**"
		default:
			noticed++
		}
		fmt.Printf("| %s | `%s` | %s | %s | %.1f s |\n", m.title, m.file, who, pkg, took.Seconds())
	}
	fmt.Printf("\n%d of %d were noticed.\n", noticed, all)
	if noticed != all {
		return errors.New("not all were noticed")
	}
	return nil
}

// parse reads the list.
func parse(text string) ([]mutant, error) {
	var all []mutant
	for i, line := range strings.Split(text, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		if word == "mutant" {
			all = append(all, mutant{title: rest})
			continue
		}
		if line == "" || word == "#" {
			continue
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("line %d: %q before the first mutant", i+1, word)
		}
		m := &all[len(all)-1]
		switch word {
		case "file":
			m.file = rest
		case "-":
			m.old = append(m.old, rest)
		case "+":
			m.with = append(m.with, rest)
		case "test":
			m.packages = strings.Fields(rest)
		default:
			return nil, fmt.Errorf("line %d: unknown word %q", i+1, word)
		}
	}
	return all, nil
}

// try breaks the clone in dir, asks the tests and mends it. It returns the test
// that noticed, "" if none did, and how long the tests had run by then.
func (m *mutant) try(ctx context.Context, dir string) (who, pkg string, took time.Duration, err error) {
	path := filepath.Join(dir, m.file)
	whole, err := os.ReadFile(path)
	if err != nil {
		return "", "", 0, err
	}
	old, with := strings.Join(m.old, "\n"), strings.Join(m.with, "\n")
	if n := strings.Count(string(whole), old); n != 1 {
		return "", "", 0, fmt.Errorf("the text is there %d times, want once", n)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(whole), old, with, 1)), 0o600); err != nil {
		return "", "", 0, err
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, whole, 0o600)) }()
	for _, pkg := range m.packages {
		build := exec.CommandContext(ctx, "go", "test", "-count=1", "-run", "^$", pkg)
		build.Dir = dir
		if out, err := build.CombinedOutput(); err != nil {
			return "", pkg, 0, fmt.Errorf("does not build: %.200s", out)
		}
		test := exec.CommandContext(ctx, "go", "test", "-count=1", "-short", "-failfast", "-timeout", perPackage.String(), pkg)
		test.Dir = dir
		begin := time.Now()
		out, err := test.CombinedOutput()
		took += time.Since(begin)
		if err != nil {
			return witness(string(out)), pkg, took, nil
		}
	}
	return "", strings.Join(m.packages, " "), took, nil
}

var (
	failed  = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	running = regexp.MustCompile(`(?m)^\s+(Test\S+) \(`)
	frame   = regexp.MustCompile(`(?m)^\S*\.((?:Test|Fuzz|Example)\w*)`)
)

// witness finds the test that failed in the output of go test.
func witness(out string) string {
	if all := failed.FindAllStringSubmatch(out, -1); all != nil {
		return "`" + all[len(all)-1][1] + "`" // the innermost
	}
	if strings.Contains(out, "panic: test timed out") {
		if m := running.FindStringSubmatch(out); m != nil {
			return "`" + m[1] + "`, which hangs"
		}
	}
	if m := frame.FindStringSubmatch(out); m != nil {
		return "`" + m[1] + "`, which crashes"
	}
	return "a test that ends the process"
}
