package config

import (
	"errors"
	"strings"
)

// variablePrefix is what environment variables that are settings begin with.
const variablePrefix = "GIBSON_"

// FromEnvironment returns the settings in environ, which has the form of
// os.Environ: GIBSON_MAX_MEMORY=2G is max_memory 2G. Variables that name no
// directive are ignored, for they may be anyone's, and so are empty ones. A
// value that is not allowed is an error; all of them are reported, joined.
func FromEnvironment(environ []string) ([]Setting, error) {
	values := make(map[string]string)
	for _, e := range environ {
		if name, text, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, variablePrefix) {
			values[name] = text
		}
	}
	var settings []Setting
	var errs []error
	for _, d := range Directives() {
		name := d.Variable()
		text := values[name]
		if text == "" {
			continue
		}
		src := Source{Kind: Environment, Name: name}
		if err := d.Check(text); err != nil {
			errs = append(errs, &Error{src, err.Error()})
			continue
		}
		settings = append(settings, Setting{d.Name, text, src})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return settings, nil
}
