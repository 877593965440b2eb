package wire

// table declares every command, in the order of the opcodes. Nothing writes
// to it.
var table = [...]Command{
	{
		Name: "SET", Op: OpSet, Shape: ShapeSet, Write: true,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNaN, CodeMem, CodeLocked},
		Args: "ttl key value", Example: "60 user:42:name Ada Lovelace",
		Summary: "Store a value under a key, for ttl seconds or without end",
	},
	{
		Name: "TTL", Op: OpTTL, Shape: ShapeKeyNumber, Write: true,
		Reply: CodeOK, Fails: []Code{CodeErr, CodeNotFound, CodeNaN, CodeLocked},
		Args: "key ttl", Example: "user:42:name 3600",
		Summary: "Start an item's life anew, or end its expiry",
	},
	{
		Name: "GET", Op: OpGet, Shape: ShapeKey,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNotFound},
		Args: "key", Example: "user:42:name",
		Summary: "Return the value of a key",
	},
	{
		Name: "DEL", Op: OpDel, Shape: ShapeKey, Write: true,
		Reply: CodeOK, Fails: []Code{CodeErr, CodeNotFound, CodeLocked},
		Args: "key", Example: "user:42:name",
		Summary: "Delete a key",
	},
	{
		Name: "INC", Op: OpInc, Shape: ShapeKey, Write: true,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNaN, CodeMem, CodeLocked},
		Args: "key", Example: "user:42:visits",
		Summary: "Add one to a number; a missing key becomes 1",
	},
	{
		Name: "DEC", Op: OpDec, Shape: ShapeKey, Write: true,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNaN, CodeMem, CodeLocked},
		Args: "key", Example: "user:42:credit",
		Summary: "Subtract one from a number; a missing key becomes -1",
	},
	{
		Name: "LOCK", Op: OpLock, Shape: ShapeKeyNumber, Write: true,
		Reply: CodeOK, Fails: []Code{CodeErr, CodeNotFound, CodeNaN, CodeLocked},
		Args: "key seconds", Example: "user:42:name 30",
		Summary: "Lock an item against changes, for seconds or until unlocked (-1)",
	},
	{
		Name: "UNLOCK", Op: OpUnlock, Shape: ShapeKey, Write: true,
		Reply: CodeOK, Fails: []Code{CodeErr, CodeNotFound},
		Args: "key", Example: "user:42:name",
		Summary: "End an item's lock, whoever set it",
	},
	{
		Name: "MSET", Op: OpMSet, Shape: ShapeKeyValue, Prefix: true, Write: true,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNotFound, CodeMem},
		Args: "prefix value", Example: "user:42: unknown yet",
		Summary: "Give every item under a prefix the same value",
	},
	{
		Name: "MTTL", Op: OpMTTL, Shape: ShapeKeyNumber, Prefix: true, Write: true,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNotFound, CodeNaN},
		Args: "prefix ttl", Example: "user:42: 3600",
		Summary: "Start the life of every item under a prefix anew, or end its expiry",
	},
	{
		Name: "MGET", Op: OpMGet, Shape: ShapeKeyLimit, Prefix: true,
		Reply: CodeKVal, Fails: []Code{CodeErr, CodeNotFound, CodeNaN},
		Args: "prefix [limit]", Example: "user:42: 10",
		Summary: "Return keys and values under a prefix, at most limit of them",
	},
	{
		Name: "MDEL", Op: OpMDel, Shape: ShapeKey, Prefix: true, Write: true,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNotFound},
		Args: "prefix", Example: "user:42:",
		Summary: "Delete every item under a prefix",
	},
	{
		Name: "MINC", Op: OpMInc, Shape: ShapeKey, Prefix: true, Write: true,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNotFound},
		Args: "prefix", Example: "user:42:count:",
		Summary: "Add one to every number under a prefix",
	},
	{
		Name: "MDEC", Op: OpMDec, Shape: ShapeKey, Prefix: true, Write: true,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNotFound},
		Args: "prefix", Example: "user:42:count:",
		Summary: "Subtract one from every number under a prefix",
	},
	{
		Name: "MLOCK", Op: OpMLock, Shape: ShapeKeyNumber, Prefix: true, Write: true,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNotFound, CodeNaN},
		Args: "prefix seconds", Example: "user:42: 30",
		Summary: "Lock every unlocked item under a prefix",
	},
	{
		Name: "MUNLOCK", Op: OpMUnlock, Shape: ShapeKey, Prefix: true, Write: true,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNotFound},
		Args: "prefix", Example: "user:42:",
		Summary: "End the lock of every item under a prefix",
	},
	{
		Name: "COUNT", Op: OpCount, Shape: ShapeKey, Prefix: true,
		Reply: CodeVal, Fails: []Code{CodeErr},
		Args: "prefix", Example: "user:",
		Summary: "Return the number of items under a prefix",
	},
	{
		Name: "STATS", Op: OpStats, Shape: ShapeNone,
		Reply: CodeKVal, Fails: []Code{CodeErr},
		Summary: "Return the server's 27 figures",
	},
	{
		Name: "PING", Op: OpPing, Shape: ShapeNone,
		Reply:   CodeOK,
		Summary: "Do nothing, successfully",
	},
	{
		Name: "META", Op: OpMeta, Shape: ShapeKeyField,
		Reply: CodeVal, Fails: []Code{CodeErr, CodeNotFound},
		Args: "key field", Example: "user:42:name left",
		Summary: "Return one figure about an item: size, encoding, access, created, ttl, left or lock",
	},
	{
		Name: "KEYS", Op: OpKeys, Shape: ShapeKey, Prefix: true,
		Reply: CodeKVal, Fails: []Code{CodeErr, CodeNotFound},
		Args: "prefix", Example: "user:42:",
		Summary: "Return the keys under a prefix",
	},
	{
		Name: "END", Op: OpEnd, Shape: ShapeNone,
		Reply:   CodeOK,
		Summary: "Close the connection after the answer",
	},
}
