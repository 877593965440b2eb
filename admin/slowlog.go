package admin

import (
	"net"
	"sync"
	"time"
	"unicode/utf8"
)

// MaxKey is how many bytes of a key a SlowLog keeps.
const MaxKey = 128

// Batch is what was executed at once for one client: one request, or several
// that it had sent without waiting.
type Batch struct {
	Command  string        // of its only request, or of the one that says most
	Key      []byte        // that request's key or prefix; not retained
	Requests int           // how many there were
	Start    time.Time     // when they had been read
	Took     time.Duration // until their replies were with the system
	Client   net.Addr      // nil if it has none
}

// SlowEntry is one batch in a SlowLog.
type SlowEntry struct {
	Start    time.Time `json:"start"`
	Seconds  float64   `json:"seconds"`
	Command  string    `json:"command"`
	Key      string    `json:"key"` // at most MaxKey bytes of it, with � for what is no UTF-8
	Requests int       `json:"requests"`
	Client   string    `json:"client"`
}

// SlowLog keeps the last batches that took long. All methods are safe for
// concurrent use, and a nil *SlowLog is one that keeps none.
type SlowLog struct {
	threshold time.Duration

	mu   sync.Mutex  // protects the following fields
	ring []SlowEntry // grows to cap, then wraps
	next int         // place of the next entry once it is full
}

// NewSlowLog returns a log of the last size batches that took threshold or
// longer. size must be at least 1.
func NewSlowLog(size int, threshold time.Duration) *SlowLog {
	return &SlowLog{threshold: threshold, ring: make([]SlowEntry, 0, max(size, 1))}
}

// add keeps b if it took long.
func (l *SlowLog) add(b *Batch) {
	if l == nil || b.Took < l.threshold {
		return
	}
	key := b.Key
	if len(key) > MaxKey {
		key = key[:MaxKey]
		// Not half a character.
		for range utf8.UTFMax - 1 {
			if r, n := utf8.DecodeLastRune(key); r != utf8.RuneError || n != 1 {
				break
			}
			key = key[:len(key)-1]
		}
	}
	e := SlowEntry{Start: b.Start, Seconds: b.Took.Seconds(), Command: b.Command, Key: string(key), Requests: b.Requests}
	if b.Client != nil {
		e.Client = b.Client.Network() + " " + b.Client.String()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < cap(l.ring) {
		l.ring = append(l.ring, e)
		return
	}
	l.ring[l.next] = e
	l.next = (l.next + 1) % len(l.ring)
}

// Entries returns the entries, the newest first.
func (l *SlowLog) Entries() []SlowEntry {
	if l == nil {
		return []SlowEntry{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.ring)
	all := make([]SlowEntry, 0, n)
	for i := range n {
		all = append(all, l.ring[(l.next+2*n-1-i)%n])
	}
	return all
}

// Reset forgets the entries and returns how many there were.
func (l *SlowLog) Reset() int {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.ring)
	clear(l.ring)
	l.ring, l.next = l.ring[:0], 0
	return n
}
