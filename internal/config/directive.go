package config

import (
	"fmt"
	"strings"
)

// Directive is one entry of the table.
type Directive struct {
	Section    Section
	Name       string // with underscores
	Default    string // as a file would have it; "" is none
	Shipped    string // what the original's gibson.conf says; "" if it has no line for it
	Original   bool   // the original server has it
	Reloadable bool   // a changed value holds after SIGHUP
	Doc        string // one sentence, without a full stop

	value value // the field of the Config that the table belongs to
}

// Section is a group of directives.
type Section string

// The sections, in the order of the table.
const (
	Network Section = "Network"
	TLS     Section = "TLS"
	Process Section = "Process and log"
	Memory  Section = "Memory"
	Limits  Section = "Limits"
	Restart Section = "Snapshots"
	Admin   Section = "Admin endpoint"
	Unused  Section = "Without effect"
)

// Directives returns the table: all directives, by section.
func Directives() []Directive { return new(Config).table() }

// Lookup returns the directive of that name, which may be written with
// underscores or minuses.
func Lookup(name string) (Directive, bool) {
	name = strings.ReplaceAll(name, "-", "_")
	for _, d := range Directives() {
		if d.Name == name {
			return d, true
		}
	}
	return Directive{}, false
}

// Flag returns the name with minuses, as flags are spelt.
func (d Directive) Flag() string { return strings.ReplaceAll(d.Name, "_", "-") }

// Variable returns the name of the environment variable.
func (d Directive) Variable() string { return variablePrefix + strings.ToUpper(d.Name) }

// Repeatable reports whether the directive may be given several times, each
// time for more.
func (d Directive) Repeatable() bool {
	_, ok := d.value.(listeners)
	return ok
}

// Kind returns the type of the values, such as size.
func (d Directive) Kind() string { return d.value.kind() }

// Allowed returns which values are allowed, in words.
func (d Directive) Allowed() string { return d.value.allowed() }

// Check returns an error that says what is allowed if text is not. It does
// not name a place.
func (d Directive) Check(text string) error {
	if d.value.set(text) { // the table is this directive's own
		return nil
	}
	return fmt.Errorf("%s", d.complaint(text))
}

// complaint says that text is not a value of d.
func (d Directive) complaint(text string) string {
	if text == "" {
		return fmt.Sprintf("%s has no value, want %s", d.Name, d.Allowed())
	}
	return fmt.Sprintf("%s is %q, want %s", d.Name, text, d.Allowed())
}

// unknown says that there is no directive of that name, and which one may have
// been meant.
func unknown(name string) string {
	wanted := strings.ReplaceAll(strings.ToLower(name), "-", "_")
	var names []string
	best, distance := "", 3 // more mistakes than two are another word
	for _, d := range Directives() {
		names = append(names, d.Name)
		if n := editDistance(wanted, d.Name); n < distance {
			best, distance = d.Name, n
		}
	}
	if best != "" {
		return fmt.Sprintf("unknown directive %q, did you mean %s?", name, best)
	}
	return fmt.Sprintf("unknown directive %q, want one of %s", name, strings.Join(names, ", "))
}

// editDistance returns how many bytes must be inserted, deleted or replaced
// to make b of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
