//go:build !unix

package server

// newSource returns the source that suits the session's connection.
func newSource(s *session) source { return &connSource{s: s} }
