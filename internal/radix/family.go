package radix

// Count returns the number of keys that begin with prefix. Its cost is the
// length of prefix.
func (t *Tree) Count(prefix []byte) int {
	if n := t.family(prefix); n != nil {
		return n.items
	}
	return 0
}

// Weigh returns the number of keys that begin with prefix and the sum of the
// lengths of these keys and their records. Its cost is the length of prefix.
func (t *Tree) Weigh(prefix []byte) (items int, bytes int64) {
	if n := t.family(prefix); n != nil {
		return n.items, n.bytes
	}
	return 0, 0
}

// Detach removes every key that begins with prefix and returns how many there
// were. Its cost is the length of prefix: the memory is queued for Reclaim.
func (t *Tree) Detach(prefix []byte) (items int) {
	n := t.family(prefix)
	if n == nil || n.items == 0 {
		return 0
	}
	items = n.items
	if n == t.root {
		t.root = &node{}
		t.used += nodeCost
	} else {
		t.cut(prefix, n.items, n.bytes)
	}
	t.queue = append(t.queue, n)
	return items
}

// Reclaim takes apart at most limit nodes of detached families and reports
// whether any are left. visit, unless nil, sees each record once before it is
// freed; it may change the record's bytes but not the tree.
func (t *Tree) Reclaim(limit int, visit func(rec []byte)) (more bool) {
	for ; limit > 0 && len(t.queue) > 0; limit-- {
		last := len(t.queue) - 1
		n := t.queue[last]
		t.queue[last] = nil
		t.queue = append(t.queue[:last], n.children...)
		if n.rec != nil && visit != nil {
			visit(n.rec)
		}
		t.used -= nodeCost + int64(len(n.label)+cap(n.rec))
	}
	if len(t.queue) == 0 {
		t.queue = nil
	}
	return len(t.queue) > 0
}

// Nth returns the key and the record at position i of the ascending order of
// all keys, 0 ≤ i < Len. The key is appended to buf, which may be nil. Its cost
// is the length of the key. Outside the range both results are nil.
func (t *Tree) Nth(i int, buf []byte) (key, rec []byte) {
	if i < 0 || i >= t.root.items {
		return nil, nil
	}
	n := t.root
descend:
	for {
		buf = append(buf, n.label...)
		if n.rec != nil {
			if i == 0 {
				return buf, n.rec
			}
			i--
		}
		for _, c := range n.children {
			if i < c.items {
				n = c
				continue descend
			}
			i -= c.items
		}
		return nil, nil // unreachable while items is right, which Check tests
	}
}

// Memory is what a tree takes, in bytes.
type Memory struct {
	// Payload is the sum of the lengths of all keys and their records.
	Payload int64
	// Used is what the tree takes for nodes, keys and records, rounding and
	// what Reclaim has yet to free included.
	Used int64
	// Held is what was taken from the system, at least Used.
	Held int64
	// Block is the size of the largest block that was taken from the system
	// at once.
	Block int64
}

// Memory returns what the tree takes.
func (t *Tree) Memory() Memory {
	return Memory{Payload: t.root.bytes, Used: t.used, Held: t.used, Block: nodeCost}
}
