//go:build !race && !arenadebug

package arena

// debug says that misuse is looked for. The methods of tracker are
// documented where they do something.
const debug = false

type tracker struct{}

func newTracker() tracker { return tracker{} }

func (tracker) use(Handle)                         {}
func (tracker) add(Memory, Handle, uint32, bool)   {}
func (tracker) drop(Memory, Handle, uint32)        {}
func (tracker) resize(Handle, uint32, uint32)      {}
func (tracker) poison(Memory, Handle, uint32)      {}
func (tracker) unform(Memory, Handle, uint32)      {}
func (tracker) cut(Memory, Handle, uint32, uint32) {}
