package workload

// AppendValue appends the value of size bytes that belongs to key number i:
// the number's digits, as far as they fit, and then printable filler. A
// reader can therefore tell the value of one key from that of another.
func AppendValue(dst []byte, i uint32, size int) []byte {
	var digits [Digits]byte
	PutDigits(digits[:], i)
	n := min(size, Digits)
	dst = append(dst, digits[:n]...)
	for at := n; at < size; at++ {
		dst = append(dst, byte('a'+at%26))
	}
	return dst
}
