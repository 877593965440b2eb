package main

import (
	"fmt"
	"strings"
)

// mutant is one way to break the code.
type mutant struct {
	title, file string
	old, with   []string // lines
	packages    []string
	hangs       bool // no test can but hang, which is how it shows
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
		case "hangs":
			m.hangs = true
		default:
			return nil, fmt.Errorf("line %d: unknown word %q", i+1, word)
		}
	}
	return all, nil
}
