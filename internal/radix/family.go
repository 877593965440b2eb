package radix

// Count returns the number of keys that begin with prefix. Its cost is the
// length of prefix. It may run beside other calls that change nothing.
func (t *Tree) Count(prefix []byte) int {
	items, _ := t.weigh(t.family(prefix, nil))
	return items
}

// Weigh returns the number of keys that begin with prefix and the sum of the
// lengths of these keys and their records. Its cost is the length of prefix.
// It may run beside other calls that change nothing.
func (t *Tree) Weigh(prefix []byte) (items int, bytes int64) {
	return t.weigh(t.family(prefix, nil))
}

// Detach removes every key that begins with prefix and returns how many there
// were. Its cost is the length of prefix: the memory is queued for
// [Tree.Reclaim].
func (t *Tree) Detach(prefix []byte) (items int) {
	t.Forget()
	t.at.path = t.at.path[:0]
	h, depth := t.family(prefix, &t.at.path)
	if h == 0 {
		return 0
	}
	items, weight := t.weigh(h, depth)
	t.unhook(items, weight)
	t.discard(h)
	return items
}

// family returns the leaf or node below which are all keys that begin with
// prefix, and how many bytes of keys come before those that it holds; 0 if
// there are no such keys. The nodes above are appended to path if it is not
// nil.
func (t *Tree) family(prefix []byte, path *[]step) (h handle, depth int) {
	h = t.root
	pos := 0
	for h != 0 {
		p := t.mem.At(h)
		rest := prefix[pos:]
		if t.isLeaf(h) {
			if suffix := leafAt(p).suffixOf(p); len(rest) > len(suffix) || string(rest) != string(suffix[:len(rest)]) {
				return 0, 0
			}
			return h, pos
		}
		n := nodeAt(p)
		own := n.prefixOf(p)
		if len(rest) <= len(own) {
			if string(rest) != string(own[:len(rest)]) {
				return 0, 0
			}
			return h, pos
		}
		if string(own) != string(rest[:len(own)]) {
			return 0, 0
		}
		off := n.slot(p, rest[len(own)])
		if off == 0 {
			return 0, 0
		}
		if path != nil {
			*path = append(*path, step{h, off})
		}
		h = *slotAt(p, off)
		pos += len(own) + 1
	}
	return 0, 0
}
