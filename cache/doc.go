// Package cache is the engine of Gibson, for use within a program: an ordered
// map from keys to values with lives, locks and counters, in which a family of
// keys, everything that begins with some prefix, is one thing. A family is
// counted or deleted in the time that its prefix takes to read, however many
// keys it has.
//
// # A tour
//
// New makes a cache; nil options mean the defaults, Close ends it:
//
//	c, err := cache.New(nil)
//	defer c.Close()
//
// Values are bytes and may have a life, which ends to the millisecond:
//
//	err = c.Set("user:42:name", []byte("Ada"), time.Hour)
//	name, ok, err := c.Get("user:42:name")
//
// Inc and Dec make numbers; Value tells them from text:
//
//	visits, err := c.Inc("user:42:visits")
//
// Methods that begin with M, and Count and Keys, are for families:
//
//	n, err := c.Count("user:42:")
//	n, err = c.MTTL("user:42:", time.Minute)
//	pairs, err := c.MGet("user:42:", 0)
//	n, err = c.MDelete("user:42:")
//
// Lock keeps a key from being changed, for a time or until Unlock. Anyone may
// unlock it: a lock protects from mistakes, not from others.
//
// The methods have the names and meaning of the commands that
// docs/protocol.md describes, and of the methods of the client at the module's
// root, so a program can begin with an embedded cache and move to a server. The
// client's methods take a context in addition and report what is missing as
// ErrNotFound where those here return ok == false. What the protocol cannot
// carry is refused here, too: an empty key, a space in a key, an empty value.
//
// # Ownership
//
// Keys and values that go in are copied, those that come out are copies. Only
// Batch, the server's way in, returns bytes that belong to the cache.
//
// # Concurrency
//
// All methods of Cache may be called by many goroutines at once. Each is one
// atomic step, those on families included: no other call sees a family half
// changed. The sequences of MGet and Keys are copies made by the call; ranging
// over them takes no lock.
//
// Get, GetInto, Value and Count run beside each other; everything else runs
// alone. A Cache has one background goroutine, which gives memory back in
// small steps; Close ends it.
//
// # Memory
//
// What MDelete cuts off is gone at once for every command, while its memory is
// given back bit by bit, or at once if the limit of Options.MaxMemory needs it.
// At the limit, Options.Eviction decides: by default Set, MSet, and Inc and Dec
// of a missing key make room by evicting what is seldom used, and under
// EvictNone and EvictGCRatio they return ErrMemoryLimit. Everything else works
// in any case. A life takes about 64 bytes beside its item, a lock 103, or 40
// if MLock made it, for keys of up to 28 bytes.
//
// Weigh tells how many items a family has and what they take, in the time that
// its prefix takes to read; Ascend goes through items of any number a few at a
// time; Options.OnRemove is told what was evicted and what has expired.
package cache
