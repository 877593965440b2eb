package gibson

import (
	"time"

	"github.com/gogibson/gibson/internal/value"
	"github.com/gogibson/gibson/wire"
)

// Value is what an item holds: bytes, or a 64-bit number after INC, DEC, MINC
// or MDEC. It is the embedded cache's type as well. A Value from this package
// shares its memory with nothing but the reply it came in, so the caller may
// keep and change what Bytes returns.
type Value = value.Value

// Reply is what the server answered to Do. Code says which kind it is; Value,
// Int64 and Pairs read the data, which belongs to the caller.
type Reply = wire.Reply

// Forever is the duration that does not end: no expiry for Set, TTL and MTTL,
// until unlocked for Lock and MLock. It is sent as -1.
const Forever time.Duration = -1

// seconds returns d in the protocol's unit, rounded up so that nothing lives
// shorter than asked. -1 stands for Forever.
func seconds(d time.Duration) (int64, error) {
	if d < 0 {
		if d == Forever {
			return -1, nil
		}
		return 0, ErrInvalidTTL
	}
	s := int64(d / time.Second)
	if d%time.Second > 0 {
		s++
	}
	return s, nil
}
