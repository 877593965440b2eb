//go:build race

package linear

// raceFactor is how much longer a history takes to judge with the race detector.
const raceFactor = 10
