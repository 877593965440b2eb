// Package workload says what a benchmark stores: keys, values, and which of
// them comes next. Every peer is measured with the same ones.
package workload

import "fmt"

// Digits is the width of the number in every key: keys differ in nothing
// else, so that a request can be re-targeted by overwriting them in place.
const Digits = 8

// Family is a set of keys that differ in an eight-digit number.
type Family struct {
	Prefix string // before the number
	Suffix string // behind it
}

// Users is the family of the standard load: 25-byte keys such as
// app:user:00000042:profile.
func Users() Family { return Family{Prefix: "app:user:", Suffix: ":profile"} }

// Sessions is a second family of keys as long as those of Users, for items
// that a benchmark deletes beside a load on Users.
func Sessions() Family { return Family{Prefix: "tmp:user:", Suffix: ":session"} }

// KeySize returns the length of each key in bytes.
func (f Family) KeySize() int { return len(f.Prefix) + Digits + len(f.Suffix) }

// Append appends the key with number i to dst.
func (f Family) Append(dst []byte, i uint32) []byte {
	dst = append(dst, f.Prefix...)
	dst = append(dst, "00000000"...)
	PutDigits(dst[len(dst)-Digits:], i)
	return append(dst, f.Suffix...)
}

// Key returns the key with number i.
func (f Family) Key(i uint32) string { return string(f.Append(nil, i)) }

// Part returns the prefix shared by exactly those keys whose numbers begin
// with the given leading digits, such as 0042 for 10,000 keys.
func (f Family) Part(leading string) string { return f.Prefix + leading }

// String returns the family's pattern.
func (f Family) String() string { return fmt.Sprintf("%s%%08d%s", f.Prefix, f.Suffix) }

// PutDigits writes i into the first eight bytes of b in decimal with leading
// zeros. Digits above the eighth are dropped.
func PutDigits(b []byte, i uint32) {
	_ = b[Digits-1]
	for at := Digits - 1; at >= 0; at-- {
		b[at] = byte('0' + i%10)
		i /= 10
	}
}
