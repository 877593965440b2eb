// Package wire is the codec of the Gibson protocol, both directions: requests
// and replies as bytes, and the table of commands. It is pure: no sockets, no
// goroutines, no clock. Encoders append to the caller's buffer, decoders
// return slices of the caller's buffer; on the path of a request nothing is
// allocated. All functions are safe for concurrent use on different buffers.
//
// The protocol and the meaning of every command are in docs/protocol.md; this
// comment draws the bytes. All integers are little-endian.
//
// # Requests
//
// A request is a length, an opcode and a payload. The length counts the opcode
// and the payload, not itself, so it is at least 2.
//
//	0               4       6
//	+---+---+---+---+---+---+-----------------
//	|  length  u32  | opcode| payload
//	+---+---+---+---+---+---+-----------------
//	                 \_____________  ________/
//	                               \/
//	                         length bytes
//
// PING has no arguments:
//
//	02 00 00 00  13 00
//	 length 2    PING
//
// Arguments stand in the payload one space (20) apart, numbers in decimal. The
// last argument of SET, the value, is the whole rest of the payload and may hold
// any bytes. SET with ttl 60, key "foo", value "a b":
//
//	0c 00 00 00  01 00  36 30  20  66 6f 6f  20  61 20 62
//	 length 12    SET   ttl 60      key foo       value "a b"
//
// # Replies
//
// A reply is a code, an encoding, the size of its data, and the data:
//
//	0       2   3               7
//	+---+---+---+---+---+---+---+-----------------
//	| code  |enc|   size  u32   | data
//	+---+---+---+---+---+---+---+-----------------
//	                             \_______  ______/
//	                                     \/
//	                                 size bytes
//
// OK and the error codes have nothing to say beyond the code, yet they carry
// one zero byte. OK, and NOT_FOUND:
//
//	05 00  00  01 00 00 00  00
//	01 00  00  01 00 00 00  00
//
// VAL carries bytes as they were stored (encoding 0), or a number (encoding
// 2): eight bytes in two's complement, four from 32-bit servers. The value
// "bar", and the number -2:
//
//	06 00  00  03 00 00 00  62 61 72
//	06 00  02  08 00 00 00  fe ff ff ff ff ff ff ff
//
// # Pairs
//
// The data of a KVAL reply is a count and that many pairs, back to back. Every
// value has its own encoding; that of the reply is 0.
//
//	+---+---+---+---+   +---+---+---+---+------+---+---+---+---+---+--------
//	|  count   u32  |   |   klen  u32   | key  |enc|   vlen  u32   | value
//	+---+---+---+---+   +---+---+---+---+------+---+---+---+---+---+--------
//	       once           count times
//
// One pair, foo = "bar":
//
//	07 00  00  13 00 00 00          KVAL, 19 bytes of data
//	01 00 00 00                     one pair
//	03 00 00 00  66 6f 6f           key "foo"
//	00  03 00 00 00  62 61 72       PLAIN, "bar"
//
// KEYS answers with such pairs too: the keys are "0", "1" and so on, the
// values the names that were found.
package wire

//go:generate go test -run TestProtocolDoc -update .
