package cache

// field is a field of META.
type field uint8

const (
	fieldSize field = iota
	fieldEncoding
	fieldAccess
	fieldCreated
	fieldTTL
	fieldLeft
	fieldLock
	fieldUnknown
)

func parseField(name []byte) field {
	switch string(name) {
	case "size":
		return fieldSize
	case "encoding":
		return fieldEncoding
	case "access":
		return fieldAccess
	case "created":
		return fieldCreated
	case "ttl":
		return fieldTTL
	case "left":
		return fieldLeft
	case "lock":
		return fieldLock
	}
	return fieldUnknown
}

// Meta returns a figure about the item: size, encoding, access, created, ttl,
// left or lock (docs/protocol.md, META). It returns ErrNotFound, or ErrServer
// if there is no such field. The answer is from before this call, which counts
// as an access itself.
func (b *Batch) Meta(key, name []byte) (int64, error) { return b.meta(key, parseField(name)) }

func (b *Batch) meta(key []byte, f field) (int64, error) {
	it := b.c.find(key, b.now)
	if it == nil {
		return 0, ErrNotFound
	}
	if f == fieldUnknown {
		return 0, ErrServer
	}
	n := b.c.figure(key, it, f, b.now)
	b.c.use(key, it, b.now)
	return n, nil
}

func (c *Cache) figure(key []byte, it item, f field, now instant) int64 {
	switch f {
	case fieldSize:
		return int64(len(it.value()))
	case fieldEncoding:
		return int64(it.encoding())
	case fieldAccess:
		return int64(it.accessed())
	case fieldCreated:
		return int64(it.created())
	case fieldLock:
		l, _ := c.lockOf(key, it, now)
		return l.seconds
	}
	id := it.timer()
	if id == 0 {
		return -1
	}
	t := c.wheel.timers.at(id)
	ttl := int64(t.note)
	if f == fieldLeft {
		return ttl - (now.ms-(t.deadline-ttl*1000))/1000
	}
	return ttl
}
