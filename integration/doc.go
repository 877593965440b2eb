// Package integration holds the tests that look at Gibson as a whole: one
// behaviour suite that runs every case against the embedded cache, a unix
// socket, TCP and the client library, and the recorded answers of the original
// server that this one must repeat byte for byte.
//
// # Reading and adding cases
//
// Cases are plain text, in testdata/suite:
//
//	case a lock ends by itself
//	rules lock.exact meta.lock
//	SET 0 k v     -> VAL v
//	LOCK k 1      -> OK
//	advance 999ms
//	SET 0 k w     -> LOCKED
//
// A case begins with its title, names the rules it shows (testdata/rules.txt
// lists them with a sentence each; a rule without a case fails the tests) and
// may be restricted with "modes" to some of embedded, unix, tcp and client;
// "wire" stands for unix and tcp. "conf NAME VALUE" sets a limit of the server
// under the name that gibson.conf uses. Every case has a server of its own,
// whose clock moves only by "advance".
//
// A line with a request is the command's name, its payload as it goes over the
// wire, an arrow and the reply. What a line may say besides:
//
//	@2 GET k -> VAL v          the same by client 2; client 1 is the default
//	each 1..9 INC n<i> -> ...  the line once per number; <i:03> and <i:02x> format it
//	until 5..40 SET .. -> VAL .. until MEM   repeat till MEM, after 5 to 40 times
//
// and, where the rule is about bytes or connections:
//
//	write GET k | PING         send without reading, all in one write
//	write 9*PING | hex 0200    repeated requests, raw bytes
//	read VAL v | OK | CLOSED   read what is due, in order
//	cut 1,4 PING -> OK         the request in pieces, cut before these bytes
//	whole PING -> OK           the first read must return the whole reply
//	poll PING -> OK            on a new connection, again until it is answered so
//	storm 200 PING | hex 02    200 connections that send this and are gone;
//	storm 200 part GET k       each a little more of it than the one before
//	shut, hangup, dial         half-close; close; close and connect anew
//	stop -> REMOVED            stop the server; is its socket file LEFT or REMOVED
//	stats a b -> +1 7          what STATS says of a and b: one more than at the
//	                           last "stats", seven; "stats" alone only looks
//	align 850ms                move the clock to where a second is so old
//
// Replies are OK, ERR, NAN, MEM, LOCKED, NOT_FOUND; VAL text; NUM 7 or a range
// NUM 1..9; TIME 5s, the second in which the clock stood 5 s after the start;
// KVAL a=x b=#7 for pairs, numbers with a #; KEYS a b for what KEYS answers;
// STATS for any well-formed answer to STATS; BYTES 500 for any value of that
// size, PAIRS 9 for any so many pairs; hex for raw bytes; CLOSED for the end of
// the connection. Besides, of the original: RESET, an end that throws away what
// was sent; GONE, either; SILENT, no answer though the connection stays; CRASH,
// no server any more.
//
// In texts \s is a space, \xNN a byte, \n, \t and \\ the usual, {v*500} a text
// 500 times and {random*500} bytes that no algorithm compresses, the same ones
// every time.
//
// # The original's answers
//
// testdata/probes holds in the same notation what the original server 1.2.1
// was asked and what it answered, time and again. Where this project differs on
// purpose, testdata/exceptions.txt says so line by line, under the rule of
// docs/compat.md that gives the reason. With GIBSON_BIN set to the path of an
// original server, TestReference asks both and compares raw replies.
package integration
