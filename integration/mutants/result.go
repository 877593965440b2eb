package main

import (
	"regexp"
	"strings"
	"time"
)

// result is what became of a mutant.
type result struct {
	kind kind
	who  string // the test that failed or hung
	pkg  string
	took time.Duration
}

type kind int

const (
	passed  kind = iota
	noticed      // a test failed, or the program that ran it crashed
	hung         // the tests ran out of time, and none had failed by then
	unclear      // the go command failed for another reason
)

var (
	failed  = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	running = regexp.MustCompile(`(?m)^\s+(Test\S+) \(`)
	frame   = regexp.MustCompile(`(?m)^\S*\.((?:Test|Fuzz|Example)\w*)`)
	crashed = regexp.MustCompile(`(?m)^(panic|fatal error|unexpected fault address|SIG[A-Z]+): ?`)
	ended   = regexp.MustCompile(`(?m)^FAIL\t\S+\t[0-9.]+s$`) // not [build failed] or the like
)

// judge reads the output of go test that failed.
func judge(out string) result {
	if all := failed.FindAllStringSubmatch(out, -1); all != nil {
		return result{kind: noticed, who: "`" + all[len(all)-1][1] + "`"} // the innermost
	}
	if strings.Contains(out, "panic: test timed out") {
		who := "a test"
		if m := running.FindStringSubmatch(out); m != nil {
			who = "`" + m[1] + "`"
		}
		return result{kind: hung, who: who}
	}
	if crashed.MatchString(out) {
		if m := frame.FindStringSubmatch(out); m != nil {
			return result{kind: noticed, who: "`" + m[1] + "`, which crashes"}
		}
		return result{kind: noticed, who: "a crash"}
	}
	// What comes after the tests, such as the search for goroutines left behind.
	// A program that was killed, by one who needed its memory, says nothing.
	if ended.MatchString(out) && !strings.Contains(out, "signal: killed") {
		return result{kind: noticed, who: "the end of the test program"}
	}
	return result{kind: unclear}
}
