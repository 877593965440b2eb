package cache

// Options returns the options in effect: those that New was given, with the
// defaults filled in. Clock is the one the cache reads, the system's included.
func (c *Cache) Options() Options { return c.set.Options }
