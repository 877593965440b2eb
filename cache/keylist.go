package cache

// keyList is a list of keys that a command puts aside while it walks the tree,
// because the tree must not change under a walk.
type keyList struct {
	bytes []byte // all keys, one behind the other
	ends  []int
}

// listLength is how many keys are put aside before they are dealt with.
const listLength = 4096

func (l *keyList) reset() {
	l.bytes, l.ends = l.bytes[:0], l.ends[:0]
}

// trim gives a large list back.
func (l *keyList) trim() {
	if cap(l.bytes) > keptBuffer {
		*l = keyList{}
	}
}

// add puts a copy of key into the list and reports whether the list is full.
func (l *keyList) add(key []byte) (full bool) {
	l.bytes = append(l.bytes, key...)
	l.ends = append(l.ends, len(l.bytes))
	return len(l.ends) == listLength || len(l.bytes) >= keptBuffer
}

// each calls fn for every key in the list. fn must not use the list.
func (l *keyList) each(fn func(key []byte)) {
	begin := 0
	for _, end := range l.ends {
		fn(l.bytes[begin:end])
		begin = end
	}
}

// after appends the least key that is greater than key to dst.
func after(dst, key []byte) []byte { return append(append(dst, key...), 0) }
