// Package value holds the one type that both the embedded cache and the
// client hand out for what an item holds.
package value

import (
	"strconv"
)

// Value is what an item holds: bytes as they were stored, or a 64-bit number
// after INC, DEC, MINC or MDEC. The zero Value is empty bytes.
type Value struct {
	data   []byte
	number int64
	isNum  bool
}

// Bytes returns a Value of data, which is not copied.
func Bytes(data []byte) Value { return Value{data: data} }

// Number returns a Value that holds n.
func Number(n int64) Value { return Value{number: n, isNum: true} }

// IsNumber reports whether the item is a NUMBER item.
func (v Value) IsNumber() bool { return v.isNum }

// Int64 returns the number and true for a NUMBER item, 0 and false otherwise.
// Text that looks like a number is not one: see strconv for that.
func (v Value) Int64() (int64, bool) { return v.number, v.isNum }

// Bytes returns the stored bytes, or the decimal digits of a number. Who owns
// the slice is said by the method that returned the Value.
func (v Value) Bytes() []byte {
	if v.isNum {
		return strconv.AppendInt(nil, v.number, 10)
	}
	return v.data
}

// Append appends what Bytes returns to dst and returns the extended slice.
func (v Value) Append(dst []byte) []byte {
	if v.isNum {
		return strconv.AppendInt(dst, v.number, 10)
	}
	return append(dst, v.data...)
}

// String returns what Bytes returns, as a string.
func (v Value) String() string {
	if v.isNum {
		return strconv.FormatInt(v.number, 10)
	}
	return string(v.data)
}
