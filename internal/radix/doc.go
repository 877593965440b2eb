// Package radix is an ordered map from byte keys to byte records whose unit is
// the family: everything that begins with some prefix. Counting, weighing and
// cutting off a family cost the length of the prefix, not the number of keys.
//
// # The tree
//
// Keys that begin alike share nodes. A node holds a label, the bytes between
// its parent's path and its own, so that chains of single children never
// exist (path compression). Four keys,
//
//	app  app:1  app:17  apt
//
// make this tree, records in brackets:
//
//	"" ── "ap" ─┬─ "p" [app] ── ":1" [app:1] ── "7" [app:17]
//	            └─ "t" [apt]
//
// Every node knows how many records lie at it and below it, and their weight,
// the sum of the lengths of keys and records.
//
// Putting app:2 splits the node ":1" at the byte where the paths part:
//
//	"p" [app] ── ":" ─┬─ "1" [app:1] ── "7" [app:17]
//	                  └─ "2" [app:2]
//
// Deleting app:2 again takes away its node and leaves ":" with one child and
// no record; the two are merged back into ":1". A node other than the root
// therefore always has a record or at least two children, and a tree that was
// filled and emptied is an empty root again.
//
// # Records
//
// A record is a byte slice that the tree only stores. It begins at an address
// that is a multiple of 4, so that callers may use 32-bit atomic operations on
// it at offsets that are multiples of 4. It holds no Go pointers. A record
// aliases the tree's memory and is valid until the next call of a method that
// changes the tree: Put, Delete, Detach, Reclaim, Close.
//
// # Concurrency
//
// A Tree has no lock of its own. Any number of goroutines may call the reading
// methods at once; a call that changes the tree needs the tree for itself.
package radix
