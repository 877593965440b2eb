package config

import "strconv"

// Kind says what a Source is. Later kinds override earlier ones.
type Kind uint8

// The places where a value may have been given.
const (
	Default     Kind = iota // nowhere: it is the directive's default
	File                    // in a file
	Environment             // in an environment variable
	Flag                    // on the command line
)

// Source is where a value was given.
type Source struct {
	Kind Kind
	Name string // the file, the variable or the flag with its minuses
	Line int    // in the file, from 1
}

// String returns the place as messages name it, such as
// /etc/gibson/gibson.conf:12, GIBSON_PORT or --port.
func (s Source) String() string {
	switch s.Kind {
	case Default:
		return "default"
	case File:
		return s.Name + ":" + strconv.Itoa(s.Line)
	}
	return s.Name
}

// Setting is a directive with a value and the place where it was given.
type Setting struct {
	Directive string // its name, with underscores
	Value     string // as written, or as Config.Settings formats it
	Source    Source
}

// Error is one mistake in a configuration.
type Error struct {
	Source Source
	Reason string // what is wrong and what is allowed
}

// Error returns the place and the reason.
func (e *Error) Error() string { return e.Source.String() + ": " + e.Reason }
