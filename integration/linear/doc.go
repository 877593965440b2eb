// Package linear holds the tests that watch concurrent clients: each history of
// what they asked, when, and what they were answered must be explained by the
// commands happening one after the other, each at some moment between its
// request and its reply. Commands on families are part of it: nobody may see
// half an MDEL, MSET or MINC.
//
// The histories are judged by github.com/anishathalye/porcupine. docs/testing.md
// says how to run many of them.
package linear
