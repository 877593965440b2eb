package cli

import (
	"errors"
	"strings"

	"github.com/spf13/pflag"

	"github.com/gogibson/gibson/internal/config"
)

// directives are the settings that a command line gave, by name: one, but of a
// repeatable directive all.
type directives map[string][]config.Setting

// register adds a flag for every directive. They may be written with minuses
// or underscores.
func (d directives) register(flags *pflag.FlagSet) {
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
	})
	for _, directive := range config.Directives() {
		flags.Var(directiveFlag{directive, d}, directive.Flag(), directive.Doc)
	}
}

// settings returns what was given, in the order of the table.
func (d directives) settings() []config.Setting {
	var all []config.Setting
	for _, directive := range config.Directives() {
		all = append(all, d[directive.Name]...)
	}
	return all
}

// directiveFlag is the flag of one directive.
type directiveFlag struct {
	config.Directive
	given directives
}

// Set checks and notes s as pflag.Value asks.
func (f directiveFlag) Set(s string) error {
	if f.Check(s) != nil {
		return errors.New("want " + f.Allowed()) // the parser says the rest
	}
	source := config.Source{Kind: config.Flag, Name: "--" + f.Flag()}
	if !f.Repeatable() {
		f.given[f.Name] = nil
	}
	f.given[f.Name] = append(f.given[f.Name], config.Setting{Directive: f.Name, Value: s, Source: source})
	return nil
}

// String returns the value, or the default for the help.
func (f directiveFlag) String() string {
	if s := f.given[f.Name]; len(s) > 0 {
		return s[len(s)-1].Value
	}
	return f.Default
}

// Type names the type in help texts.
func (f directiveFlag) Type() string { return f.Kind() }

// isDirectiveFlag reports whether arg is the flag of a directive, without a
// value of its own.
func isDirectiveFlag(arg string) bool {
	name, ok := strings.CutPrefix(arg, "--")
	if !ok {
		return false
	}
	_, ok = config.Lookup(name)
	return ok
}
