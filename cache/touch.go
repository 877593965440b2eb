package cache

// Touch prepares the processor's cache for commands on these keys that are
// about to follow, so that their waits for memory overlap instead of adding
// up. It changes nothing, whatever the keys are. It pays from two keys on;
// more than some dozens at once push each other out.
func (b *Batch) Touch(keys [][]byte) { b.c.tree.Touch(keys) }
