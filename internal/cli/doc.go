// Package cli is the gibson command: the server, and one command for every
// opcode of the protocol.
//
// Run is all there is to it. It takes everything that a process would take
// from its surroundings, so a test can call it with buffers:
//
//	status := cli.Run(ctx, []string{"get", "foo"}, stdin, stdout, stderr)
//
// The commands that send one request are not written out one by one. They are
// made from the command table of package wire: its argument shape decides
// which arguments a command takes, its reply what is printed.
//
// This package is the only one that knows all the others.
package cli
