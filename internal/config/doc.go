// Package config is the language of gibson.conf: its directives, the values
// that they take, and where an effective value came from. It imports nothing
// but the standard library and knows neither the server nor the cache: what
// it yields is a Config, a struct of plain fields.
//
// The directives are one table, in table.go. The file, the environment, the
// flags of the command and the table of docs/config.md are all made from it.
// A value is given in layers, of which a later one overrides an earlier:
//
//	default  <  file  <  environment  <  flags
//
//	file, err := config.ReadFile("/etc/gibson/gibson.conf")
//	env, err := config.FromEnvironment(os.Environ())
//	c, err := config.Resolve(file, env, flags)
//
// Errors are complete: each function reports everything that is wrong, one
// line each, with the place where it was written and the values allowed.
package config

//go:generate go test -run TestConfigDoc -update .
