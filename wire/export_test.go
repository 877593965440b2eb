package wire

// Cap returns the capacity of the buffer, in bytes.
func (r *Reader) Cap() int { return cap(r.buf) }

// KeepBuffer is the capacity that a Reader keeps.
const KeepBuffer = keepBuffer
