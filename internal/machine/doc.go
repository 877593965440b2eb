// Package machine tells what the process may use of its machine, as far as
// the system says it: on Linux, by /proc and control groups of both versions.
package machine
