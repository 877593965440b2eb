package wire

import "encoding/binary"

// AppendCode appends a reply that carries no data, OK or an error, and returns
// the extended slice. Such a reply has one zero byte of data all the same.
func AppendCode(dst []byte, c Code) []byte {
	return append(dst, byte(c), byte(c>>8), byte(EncodingPlain), 1, 0, 0, 0, 0)
}

// AppendValue appends a VAL reply with a copy of data and returns the extended
// slice. data must be below 4 GiB, which max_value_size sees to.
func AppendValue(dst, data []byte) []byte {
	dst = appendHeader(dst, CodeVal, EncodingPlain, uint32(len(data)))
	return append(dst, data...)
}

// AppendNumber appends a VAL reply with a number and returns the extended
// slice.
func AppendNumber(dst []byte, n int64) []byte {
	dst = appendHeader(dst, CodeVal, EncodingNumber, numberSize)
	return binary.LittleEndian.AppendUint64(dst, uint64(n))
}

// appendHeader appends what precedes a reply's data.
func appendHeader(dst []byte, c Code, e Encoding, size uint32) []byte {
	return append(dst, byte(c), byte(c>>8), byte(e),
		byte(size), byte(size>>8), byte(size>>16), byte(size>>24))
}
