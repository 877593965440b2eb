package integration

import "testing"

// goCases are the cases that a script cannot tell.
var goCases = []struct {
	name  string
	rules []string
	modes []string // nil means all
	run   func(t *testing.T, w world)
}{}
