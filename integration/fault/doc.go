// Package fault holds the tests of what goes wrong around Gibson: a server
// process that is killed, file descriptors that run out, a time of day that is
// set back. The servers are processes of their own, copies of the test program.
package fault
