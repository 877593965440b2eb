//go:build !race

package radix

// slow is by how much the tests do less where everything is watched.
const slow = 1
