// Package snapshot writes the items of a cache to a file and reads them back.
//
// The same format serves as a stream between two processes. Numbers are little
// endian. A file is a header and blocks; the last block, and no other, is an
// end block, with which the file ends:
//
//	+--------+----------------+----------------+-----+-----------+
//	| header | block of items | block of items | ... | end block |
//	+--------+----------------+----------------+-----+-----------+
//
// The header has 32 bytes:
//
//	0              8         12     16        24     28      32
//	+--------------+---------+------+---------+------+-------+
//	| 8A Gibson 0A | version | zero | written | salt | check |
//	+--------------+---------+------+---------+------+-------+
//
//	version  1. A later version keeps the first 12 bytes and the check, so
//	         that a program knows what it cannot read
//	written  when the writing began, in unix milliseconds
//	salt     chosen at random for each file; see below
//	check    CRC-32C of the 28 bytes before it
//
// A block is a header of 32 bytes and a body:
//
//	0      4      5       6      8        12      16       20    24    28      32
//	+------+------+-------+------+--------+-------+--------+-----+-----+-------+------
//	| mark | kind | codec | zero | number | items | stored | raw | sum | check | body
//	+------+------+-------+------+--------+-------+--------+-----+-----+-------+------
//
//	mark    Blk B5
//	kind    I for items, E for the end
//	codec   0: the body is as it is; 1: it is a zstd frame, and raw ≤ 4 MiB
//	number  0, 1, 2 …
//	items   how many records are in the body
//	stored  the body's length
//	raw     its length when decompressed, at most 128 KiB unless items is 1
//	sum     CRC-32C of the body as stored
//	check   CRC-32C of the 28 bytes before it
//
// The checksums of blocks begin with the file's salt in place of 0. So nothing
// that clients stored as a value, an old snapshot say, is ever taken for a block
// of this file.
//
// The body of a block of items is records, in ascending byte order of the keys
// from the file's first to its last. A record:
//
//	bits          1 byte: 0–1 plain, compressed (an S2 block), number;
//	              2 it has a life; 3 it is locked
//	age           1 byte, as cache.Record has it
//	created       4 bytes, unix seconds
//	accessed      4 bytes, unix seconds
//	ttl, ends     4 + 8 bytes, seconds and unix milliseconds, if it has a life
//	lock, ends    8 + 8 bytes, likewise, if it is locked; lock −1: for good
//	key           its length as a varint, and its bytes
//	value         its length as a varint, and its bytes; a number is 8 bytes
//
// The body of the end block has 28 bytes: the number of items, of blocks of
// items and of their raw bytes, 8 bytes each, and the salt once more, for a
// file whose header is damaged. A file without an end block is not whole.
package snapshot
