// Package radix is an ordered map from byte keys to byte records whose unit is
// the family: everything that begins with some prefix. Counting, weighing and
// cutting off a family cost the length of the prefix, not the number of keys.
// Everything lies outside the Go heap.
//
// It is an adaptive radix tree (V. Leis et al., "The Adaptive Radix Tree:
// ARTful Indexing for Main-Memory Databases", ICDE 2013) with path compression
// and with leaves that hold only what the nodes above them do not say.
//
// # Handles
//
// A handle is 32 bits: a distance from one base address in units of 8 bytes.
// Nodes, small leaves and large leaves have a region of package arena each, in
// this order, so one comparison tells a node from a leaf. Handle 0 is nothing.
//
// # Leaf
//
// A leaf holds the rest of a key, its suffix, and the record:
//
//	     0        4     4+gap                       multiple of 4
//	     +--------+-----+------------------+-----+---------------------+
//	     | header | gap | suffix           | pad | record              |
//	     +--------+-----+------------------+-----+---------------------+
//
//	header   bits 0-1    the arena's
//	         bit  2      wide: both lengths stand in the next two words instead
//	         bits 3-5    gap, 0 to 7 bytes
//	         bits 6-14   length of the suffix
//	         bits 15-31  length of the record
//
// The suffix comes first, so that header, suffix and the start of the record
// share a cache line. The gap lets a leaf lose bytes at the front of its
// suffix without moving anything: a new header is written over them, and the
// units before it go back to the arena. A leaf thus adds 4 bytes to its
// suffix and record, or 12 above 511 and 131071 bytes.
//
// # Node
//
// A node holds bytes that all keys below it have next, its prefix, and leads
// on by the byte after it. There are two formats:
//
//	     0        4       8                16        a          b          c
//	     +--------+-------+----------------+---------+----------+----------+------+
//	     | header | items | weight         | prefix  | keys     | slots    | term |  sorted
//	     +--------+-------+----------------+---------+----------+----------+------+
//	     | header | items | weight, 16 bit | prefix  | slots               | term |  range
//	     |        |       | of children    |         | lo ... hi           |      |
//	     +--------+-------+----------------+---------+---------------------+------+
//
//	header   bits 0-1    the arena's
//	         bit  2      range node; else sorted node
//	         bit  3      a key ends here: term is the handle of its leaf, whose
//	                     suffix is empty
//	         bits 4-11   length of the prefix, 0 to 255
//	         bits 12-19  sorted: children - 1; range: lo
//	         bits 20-27  sorted: room - 1; range: hi - lo
//	items    keys below this node
//	weight   48 bits: the sum of the lengths of these keys and their records
//	prefix   filled up to a multiple of 4
//	keys     ascending bytes, filled up to a multiple of 4; searched 8 at a time
//	slots    handles of children, one for each key, or one for each byte from
//	         lo to hi with 0 for those that have none
//
// A range node needs no search and no keys. It is taken where it needs no larger
// block: ten digits, the commonest node, are 16 + 10*4 = 56 bytes. With few
// children far apart the sorted format is smaller, and a search of up to 8
// keys is a handful of instructions.
//
// A node that has no room is made anew, with some for those that may follow: for
// 3 children, then for 8, which is the block of all ten digits, so that digits get
// a range node for all of them; from then on for a quarter more. It is made smaller
// when fewer than half of its slots are in use, a range node than a third.
//
// The end of a key is a slot of its own and not a byte: keys may hold any
// bytes, and one key may be the beginning of another.
//
// A node has at least two entries (children, or a key that ends), with two
// exceptions. A prefix of more than 255 bytes takes a chain of nodes with one
// child, links. And a node may stay with one entry when doing without it
// would mean to copy a leaf of more than 64 KiB, or when memory ran out:
// what removes never fails.
//
// # An example
//
// Two keys, app:user:1 and app:user:2. The bytes that lead to a child are in
// front of it, a star marks a leaf and what follows it is the suffix:
//
//	"app:user:" ─┬─ 1 ─ *""
//	  items 2    └─ 2 ─ *""
//
// Insert of app:user, a key that ends inside the prefix. The descent stops in
// the prefix after 8 bytes; all memory is taken first: a leaf with an empty
// suffix and a node with the prefix "app:user". The old node loses 9 bytes of
// its prefix, in place, the byte ":" having become its place in the new node,
// and the new node takes its slot. The last step adds 1 item and the weight of
// the key to every node that was passed, here none:
//
//	"app:user" ─┬─ end ─ *""
//	  items 3   └─ : ─ "" ─┬─ 1 ─ *""
//	                       └─ 2 ─ *""
//
// Insert of apple splits a prefix in the middle in the same way, but both
// sides have bytes left:
//
//	"app" ─┬─ : ─ "user" ─┬─ end ─ *""
//	  4    │        3     └─ : ─ "" ─┬─ 1 ─ *""
//	       │                         └─ 2 ─ *""
//	       └─ l ─ *"e"
//
// Delete of app:user:2 leaves its node with one entry, so the leaf of
// app:user:1 takes over the node's bytes, prefix "" and byte "1", at the front
// of its suffix, and the node goes:
//
//	"app" ─┬─ : ─ "user" ─┬─ end ─ *""
//	  3    │        2     └─ : ─ *"1"
//	       └─ l ─ *"e"
//
// Delete of app:user leaves "user" with one entry; the leaf takes over 5
// bytes more, "user:", and the tree is a node with two leaves, *"user:1" and
// *"e". Delete of apple leaves *"app:user:1" alone: the root is a leaf.
//
// Had the entry that stayed been a node, its prefix would have taken the
// bytes, if there were not more than 255 of them.
//
// testdata/worked-example.golden shows these trees as the code makes them.
//
// # Families
//
// [Tree.Count] descends as far as the prefix reaches and reads the items of
// the node there. [Tree.Detach] descends the same way, takes the node's items
// and weight off the nodes above it, empties one slot and mends the node that
// had it. The family is gone then; [Tree.Reclaim] gives back its memory in
// steps of any size (see reclaim.go).
//
// # Records
//
// A record begins at an address that is a multiple of 4, so that callers may
// use 32-bit atomic operations on its words. It must hold no Go pointers. It
// aliases the tree's memory and is valid until the next call that changes the
// tree: Put, PutRun, Store, Delete, Remove, Detach, Reclaim, Defrag, Close. A key or a
// value passed to such a call must not be a record of the same tree.
//
// # Concurrency
//
// A Tree has no lock. Any number of goroutines may call the methods that only
// read at once: Len, Find, Touch, Count, Weigh, Walk, WalkNth, Memory,
// Taken, WantsAhead. All others, Seek among them, need the tree for
// themselves.
package radix
