// Package model holds a second Gibson, as plain as it can be written, and the
// tests that compare the real one with it on random conversations.
//
// The model is in model_test.go: docs/protocol.md as a sorted list of items and
// a few sentences per command, without regard to cost. generate_test.go makes
// conversations that look for trouble; run_test.go puts each to the model and
// to the cache in this process, or to a server over a unix socket, and compares
// every reply byte for byte, and at the end all that can be asked about every
// item. A conversation with a difference is made as short as possible and printed
// as a file with a Go test, whose place is in or beside found_test.go.
//
// docs/testing.md says how to run them for long and how to repeat a run.
package model
