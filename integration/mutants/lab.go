package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// lab is a clone in which the code is broken and mended.
type lab struct {
	dir    string
	limits map[string]time.Duration // of the tests of each package that passed the control
}

// patience bounds the control run of one package. least is how long the tests of
// broken code may take if they passed the control at once; otherwise it is thrice
// as long as the control took. Tests give up waiting after a minute, and say so:
// that must come before the end.
const (
	patience = 10 * time.Minute
	least    = 2 * time.Minute
)

// control runs the tests of a package while the code is whole, once. If they
// fail, nothing that they say later has a meaning.
func (l *lab) control(ctx context.Context, pkg string) error {
	if l.limits[pkg] > 0 {
		return nil
	}
	if err := l.build(ctx, pkg); err != nil {
		return fmt.Errorf("control, nothing is broken yet: %s %w", pkg, err)
	}
	out, took, err := l.test(ctx, pkg, patience)
	if err != nil {
		return fmt.Errorf("control, nothing is broken yet, and the tests of %s fail, so that they would notice anything: %w\n%s", pkg, err, out)
	}
	l.limits[pkg] = max(least, 3*took)
	fmt.Fprintf(os.Stderr, "control: %s passes, %.1f s\n", pkg, took.Seconds())
	return nil
}

// build builds the tests of a package, so that they can be timed alone.
func (l *lab) build(ctx context.Context, pkg string) error {
	build := exec.CommandContext(ctx, "go", "test", "-count=1", "-run", "^$", pkg)
	build.Dir = l.dir
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("does not build: %.200s", out)
	}
	return nil
}

// test runs the tests of a package, each for as long as the limit says.
func (l *lab) test(ctx context.Context, pkg string, limit time.Duration) (out string, took time.Duration, err error) {
	test := exec.CommandContext(ctx, "go", "test", "-count=1", "-short", "-failfast", "-timeout", limit.String(), pkg)
	test.Dir = l.dir
	begin := time.Now()
	b, err := test.CombinedOutput()
	return string(b), time.Since(begin), err
}

// try breaks the code, asks the tests of one package after the other until one
// fails, and mends it. Took is how long all these tests had run by then. A
// package that hangs ends it: the others would as well.
func (l *lab) try(ctx context.Context, m *mutant) (r result, err error) {
	path := filepath.Join(l.dir, m.file)
	whole, err := os.ReadFile(path)
	if err != nil {
		return result{}, err
	}
	old, with := strings.Join(m.old, "\n"), strings.Join(m.with, "\n")
	if n := strings.Count(string(whole), old); n != 1 {
		return result{}, fmt.Errorf("the text is there %d times, want once", n)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(whole), old, with, 1)), 0o600); err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, whole, 0o600)) }()
	var took time.Duration
	for _, pkg := range m.packages {
		if err := l.build(ctx, pkg); err != nil {
			return result{pkg: pkg}, err
		}
		out, t, err := l.test(ctx, pkg, l.limits[pkg])
		took += t
		if err == nil {
			continue
		}
		r := judge(out)
		r.pkg, r.took = pkg, took
		if r.kind == unclear {
			return r, fmt.Errorf("no test says why: %w: %.200s", err, out)
		}
		return r, nil
	}
	return result{pkg: strings.Join(m.packages, " "), took: took}, nil
}
