// Package cache is the engine of Gibson: an ordered map from keys to values
// with lives, locks, counters and commands on whole families of keys.
package cache
