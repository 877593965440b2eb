//go:build race

package server

// raceEnabled says that the race detector is on: sync.Pool then drops what it
// is given at random, so that allocations cannot be counted.
const raceEnabled = true
