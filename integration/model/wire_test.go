package model

import (
	"encoding/binary"
	"fmt"
)

// The protocol's numbers and forms, written down once more: the tests must not
// take them from the code they test.
const (
	opSet     = 1
	opTTL     = 2
	opGet     = 3
	opDel     = 4
	opInc     = 5
	opDec     = 6
	opLock    = 7
	opUnlock  = 8
	opMSet    = 9
	opMTTL    = 10
	opMGet    = 11
	opMDel    = 12
	opMInc    = 13
	opMDec    = 14
	opMLock   = 15
	opMUnlock = 16
	opCount   = 17
	opStats   = 18
	opPing    = 19
	opMeta    = 20
	opKeys    = 21
	opEnd     = 255

	codeErr      = 0
	codeNotFound = 1
	codeNaN      = 2
	codeMem      = 3
	codeLocked   = 4
	codeOK       = 5
	codeVal      = 6
	codeKVal     = 7

	headerSize = 7
)

var opNames = map[uint16]string{
	opSet: "SET", opTTL: "TTL", opGet: "GET", opDel: "DEL", opInc: "INC", opDec: "DEC", opLock: "LOCK", opUnlock: "UNLOCK",
	opMSet: "MSET", opMTTL: "MTTL", opMGet: "MGET", opMDel: "MDEL", opMInc: "MINC", opMDec: "MDEC", opMLock: "MLOCK",
	opMUnlock: "MUNLOCK", opCount: "COUNT", opStats: "STATS", opPing: "PING", opMeta: "META", opKeys: "KEYS", opEnd: "END",
}

// knownOp reports whether a command has this opcode.
func knownOp(op uint16) bool { return op >= opSet && op <= opKeys || op == opEnd }

func appendRequest(b []byte, op uint16, payload string) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(2+len(payload)))
	b = binary.LittleEndian.AppendUint16(b, op)
	return append(b, payload...)
}

func appendHeader(b []byte, code uint16, encoding byte, size int) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = append(b, encoding)
	return binary.LittleEndian.AppendUint32(b, uint32(size))
}

func appendInt(b []byte, n int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(n)) }

func appendCode(b []byte, code uint16) []byte { return append(appendHeader(b, code, 0, 1), 0) }

func appendNumber(b []byte, n int64) []byte { return appendInt(appendHeader(b, codeVal, 2, 8), n) }

func appendPairs(b []byte, count int) []byte {
	return binary.LittleEndian.AppendUint32(appendHeader(b, codeKVal, 0, 0), uint32(count))
}

func appendPair(b []byte, key string, encoding byte, value string) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(key)))
	b = append(append(b, key...), encoding)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// endPairs fills in the size of a list.
func endPairs(b []byte) { binary.LittleEndian.PutUint32(b[3:], uint32(len(b)-headerSize)) }

// replyNumber returns the number of a reply that is one.
func replyNumber(raw []byte) (int64, bool) {
	if len(raw) != headerSize+8 || raw[0] != codeVal || raw[2] != 2 {
		return 0, false
	}
	return int64(binary.LittleEndian.Uint64(raw[headerSize:])), true
}

// replyCode returns the code of a reply.
func replyCode(raw []byte) int {
	if len(raw) < headerSize {
		return -1
	}
	return int(binary.LittleEndian.Uint16(raw))
}

var codeNames = []string{"ERR", "NOT_FOUND", "NAN", "MEM", "LOCKED", "OK", "VAL", "KVAL"}

// show describes a reply for a failure message.
func show(raw []byte) string {
	c := replyCode(raw)
	if c < 0 || c >= len(codeNames) {
		return fmt.Sprintf("%q", raw)
	}
	if n, ok := replyNumber(raw); ok {
		return fmt.Sprintf("number %d", n)
	}
	if c < codeVal {
		return codeNames[c]
	}
	return fmt.Sprintf("%s %.300q", codeNames[c], raw[headerSize:])
}
