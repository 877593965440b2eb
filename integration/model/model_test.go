package model

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// epoch is the time of day at which every conversation begins.
var epoch = time.Date(2020, 2, 29, 23, 59, 0, 0, time.UTC)

// limits is what a conversation is held under.
type limits struct {
	maxKey, maxValue int
	compression      int
	maxRequest       int   // of the length field; 0 for the default
	maxResponse      int   // of the data of a list; 0 for none
	maxItems         int   // 0 for none
	evicts           bool  // at maxItems an item goes; otherwise MEM
	lru              bool  // the one that goes was not used for long
	maxTTL           int64 // seconds
}

// longest is the largest length field.
func (l limits) longest() int {
	if l.maxRequest == 0 {
		return 2 << 20
	}
	return l.maxRequest
}

// model is Gibson as a sorted list of items. It is what docs/protocol.md says,
// written as plainly as possible.
type model struct {
	limits
	elapsed time.Duration // of the monotonic clock
	jumped  time.Duration // what the time of day is ahead of it, beyond epoch
	items   []*item       // those that live, in order of their keys
	out     []byte        // the reply, reused
}

type item struct {
	key               string
	text              string
	number            int64
	isNumber          bool
	created, accessed int64 // unix seconds
	ttl, ttlFrom      int64 // seconds, 0 for none; milliseconds of the clock
	lock, lockFrom    int64 // seconds, -1 until unlocked, 0 for none; milliseconds
}

func (m *model) ms() int64   { return m.elapsed.Milliseconds() }
func (m *model) unix() int64 { return epoch.Add(m.elapsed + m.jumped).Unix() }

// advance moves the clock. Items whose life is over are gone then.
func (m *model) advance(d time.Duration) {
	m.elapsed += d
	m.items = slices.DeleteFunc(m.items, func(it *item) bool {
		return it.ttl > 0 && m.ms() >= it.ttlFrom+it.ttl*1000
	})
}

// nextEnd returns the time until the first life or lock that is not over ends,
// 0 if there is none.
func (m *model) nextEnd() time.Duration {
	next := int64(0)
	see := func(from, seconds int64) {
		if seconds > 0 {
			if end := from + seconds*1000; end > m.ms() && (next == 0 || end < next) {
				next = end
			}
		}
	}
	for _, it := range m.items {
		see(it.ttlFrom, it.ttl)
		see(it.lockFrom, it.lock)
	}
	if next == 0 {
		return 0
	}
	return time.Duration(next)*time.Millisecond - m.elapsed
}

func (m *model) locked(it *item) bool {
	return it.lock == -1 || it.lock > 0 && m.ms() < it.lockFrom+it.lock*1000
}

// place returns where key is or would be.
func (m *model) place(key string) int {
	return sort.Search(len(m.items), func(i int) bool { return m.items[i].key >= key })
}

// find returns the item of a key, nil if there is none.
func (m *model) find(key string) *item {
	if i := m.place(key); i < len(m.items) && m.items[i].key == key {
		return m.items[i]
	}
	return nil
}

// put adds an item, or replaces the one with its key.
func (m *model) put(it *item) {
	i := m.place(it.key)
	if i < len(m.items) && m.items[i].key == it.key {
		m.items[i] = it
		return
	}
	m.items = slices.Insert(m.items, i, it)
}

// remove takes an item away.
func (m *model) remove(key string) {
	m.items = slices.DeleteFunc(m.items, func(it *item) bool { return it.key == key })
}

// family returns the items under a prefix. They stand together.
func (m *model) family(prefix string) []*item {
	from := m.place(prefix)
	to := from
	for to < len(m.items) && strings.HasPrefix(m.items[to].key, prefix) {
		to++
	}
	return m.items[from:to]
}

// full reports whether nothing may be added.
func (m *model) full() bool {
	return m.maxItems > 0 && !m.evicts && len(m.items) >= m.maxItems
}

// number reads a number as the protocol allows it.
func number(s string) (int64, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" {
		return 0, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// answer is what the model expects: the bytes of a reply, a number in a range,
// or what STATS says.
type answer struct {
	raw    []byte
	lo, hi int64
	stats  bool
}

func (m *model) code(c uint16) answer {
	m.out = appendCode(m.out[:0], c)
	return answer{raw: m.out}
}

func (m *model) numeral(n int64) answer {
	m.out = appendNumber(m.out[:0], n)
	return answer{raw: m.out}
}

// counted is the answer of a command on a family.
func (m *model) counted(n int) answer {
	if n == 0 {
		return m.code(codeNotFound)
	}
	return m.numeral(int64(n))
}

func (m *model) value(it *item) answer {
	if it.isNumber {
		return m.numeral(it.number)
	}
	m.out = append(appendHeader(m.out[:0], codeVal, 0, len(it.text)), it.text...)
	return answer{raw: m.out}
}

// do executes a request and says what answers it. The answer is valid until
// the next call.
func (m *model) do(op uint16, payload string) answer {
	switch op {
	case opPing, opEnd:
		return m.code(codeOK)
	case opStats:
		return answer{stats: true}
	case opSet:
		return m.set(payload)
	}
	key, rest, two := strings.Cut(payload, " ")
	if op == opMSet && m.full() {
		return m.code(codeMem)
	}
	if key == "" || len(key) > m.maxKey || !m.shape(op, rest, two) {
		return m.code(codeErr)
	}
	switch op {
	case opGet, opDel, opInc, opDec, opTTL, opLock, opUnlock, opMeta:
		return m.single(op, key, rest)
	case opCount, opKeys, opMGet, opMSet, opMTTL, opMDel, opMInc, opMDec, opMLock, opMUnlock:
		return m.prefix(op, key, rest)
	}
	return m.code(codeErr)
}

// shape reports whether the second argument is as the command wants it.
func (m *model) shape(op uint16, rest string, two bool) bool {
	switch op {
	case opTTL, opLock, opMTTL, opMLock:
		return rest != ""
	case opMeta:
		return rest != "" && rest[0] != ' '
	case opMSet:
		return rest != "" && len(rest) <= m.maxValue
	case opMGet:
		return !two || rest != ""
	}
	return true
}

func (m *model) set(payload string) answer {
	if m.full() {
		return m.code(codeMem)
	}
	ttl, rest, _ := strings.Cut(payload, " ")
	key, value, _ := strings.Cut(rest, " ")
	if ttl == "" || key == "" || len(key) > m.maxKey || value == "" || len(value) > m.maxValue {
		return m.code(codeErr)
	}
	n, ok := number(ttl)
	if !ok {
		return m.code(codeNaN)
	}
	if it := m.find(key); it != nil && m.locked(it) {
		return m.code(codeLocked)
	}
	it := &item{key: key, text: value, created: m.unix(), accessed: m.unix()}
	m.live(it, n)
	m.put(it)
	return m.value(it)
}

// live starts an item's life.
func (m *model) live(it *item, ttl int64) {
	it.ttl, it.ttlFrom = min(max(ttl, 0), m.maxTTL), m.ms()
}

// hold locks an item.
func (m *model) hold(it *item, seconds int64) {
	switch it.lock = seconds; {
	case seconds < -1:
		it.lock = 0
	case seconds > (math.MaxInt64-m.ms())/1000:
		it.lock = -1 // its end is beyond the clock: until unlocked
	}
	it.lockFrom = m.ms()
}

// single executes a command on one key.
func (m *model) single(op uint16, key, rest string) answer {
	it := m.find(key)
	if it == nil {
		if op != opInc && op != opDec {
			return m.code(codeNotFound)
		}
		if m.full() {
			return m.code(codeMem)
		}
		it = &item{key: key, isNumber: true, created: m.unix()}
		m.put(it)
		m.add(it, op)
		return m.numeral(it.number)
	}
	n, isNumber := number(rest)
	if !isNumber && (op == opTTL || op == opLock) {
		return m.code(codeNaN)
	}
	if m.locked(it) && (op == opDel || op == opInc || op == opDec || op == opTTL || op == opLock) {
		return m.code(codeLocked)
	}
	var a answer
	switch op {
	case opMeta:
		field, _, _ := strings.Cut(rest, " ")
		n, most, ok := m.meta(it, field)
		if !ok {
			return m.code(codeErr)
		}
		a = m.numeral(n)
		if most > 0 {
			a = answer{lo: n, hi: most}
		}
	case opInc, opDec:
		if !m.add(it, op) {
			return m.code(codeNaN)
		}
		a = m.numeral(it.number)
	case opDel:
		m.remove(key)
		a = m.code(codeOK)
	case opTTL:
		m.live(it, n)
		a = m.code(codeOK)
	case opLock:
		m.hold(it, n)
		a = m.code(codeOK)
	case opUnlock:
		it.lock = 0
		a = m.code(codeOK)
	case opGet:
		a = m.value(it)
	}
	it.accessed = m.unix()
	return a
}

// add executes INC, DEC, MINC or MDEC on one item and reports whether there is
// a sum.
func (m *model) add(it *item, op uint16) bool {
	n, ok := it.number, true
	if !it.isNumber {
		n, ok = number(it.text)
	}
	up := op == opInc || op == opMInc
	if !ok || up && n == math.MaxInt64 || !up && n == math.MinInt64 {
		return false
	}
	if up {
		n++
	} else {
		n--
	}
	it.number, it.isNumber, it.text, it.accessed = n, true, "", m.unix()
	return true
}

// meta returns a figure about an item, or the range it must lie in if most is
// above 0.
func (m *model) meta(it *item, field string) (n, most int64, ok bool) {
	large := !it.isNumber && len(it.text) > m.compression
	packed := large && compressible(it.text)
	maybe := large && !packed && !strings.Contains(noise, it.text)
	switch field {
	case "size":
		switch {
		case it.isNumber:
			return 8, 0, true
		case packed:
			return 1, int64(len(it.text)) - 1, true
		case maybe:
			return 1, int64(len(it.text)), true
		}
		return int64(len(it.text)), 0, true
	case "encoding":
		switch {
		case it.isNumber:
			return 2, 0, true
		case packed:
			return 1, 0, true
		case maybe:
			return 0, 1, true
		}
		return 0, 0, true
	case "access":
		return it.accessed, 0, true
	case "created":
		return it.created, 0, true
	case "ttl", "left":
		switch {
		case it.ttl == 0:
			return -1, 0, true
		case field == "ttl":
			return it.ttl, 0, true
		}
		return it.ttl - (m.ms()-it.ttlFrom)/1000, 0, true
	case "lock":
		if m.locked(it) {
			return it.lock, 0, true
		}
		return 0, 0, true
	}
	return 0, 0, false
}

// compressible tells the texts of one byte over and over, which every
// algorithm makes smaller. Random ones, which come from noise, none does; of
// what is neither, such as an argument too many before a text of zeros, the
// protocol does not say whether it is stored compressed.
func compressible(s string) bool {
	return len(s) >= surelyPacked && strings.Count(s[:len(s)-1], s[:1]) == len(s)-1
}

// prefix executes a command on a family.
func (m *model) prefix(op uint16, prefix, rest string) answer {
	n, isNumber := number(rest)
	limited := op == opMGet && rest != ""
	if !isNumber && (limited || op == opMTTL || op == opMLock) {
		return m.code(codeNaN)
	}
	family := m.family(prefix)
	switch op {
	case opCount:
		return m.numeral(int64(len(family)))
	case opKeys, opMGet:
		if limited && n > 0 && n < int64(len(family)) {
			family = family[:n]
		}
		return m.list(op, family)
	case opMDel:
		before := len(m.items)
		m.items = slices.DeleteFunc(m.items, func(it *item) bool {
			return strings.HasPrefix(it.key, prefix) && !m.locked(it)
		})
		return m.counted(before - len(m.items))
	}
	count := 0
	for _, it := range family {
		if m.locked(it) && op != opMUnlock {
			continue
		}
		switch op {
		case opMSet:
			*it = item{key: it.key, text: rest, created: m.unix()}
		case opMTTL:
			m.live(it, n)
		case opMLock:
			m.hold(it, n)
		case opMUnlock:
			it.lock = 0
		default:
			if !m.add(it, op) {
				continue
			}
		}
		it.accessed = m.unix()
		count++
	}
	return m.counted(count)
}

// list is what KEYS and MGET answer for these items.
func (m *model) list(op uint16, family []*item) answer {
	if len(family) == 0 {
		return m.code(codeNotFound)
	}
	m.out = appendPairs(m.out[:0], len(family))
	for i, it := range family {
		switch {
		case op == opKeys:
			m.out = appendPair(m.out, strconv.Itoa(i), 0, it.key)
		case it.isNumber:
			m.out = appendPair(m.out, it.key, 2, string(appendInt(nil, it.number)))
		default:
			m.out = appendPair(m.out, it.key, 0, it.text)
		}
	}
	endPairs(m.out)
	if m.maxResponse > 0 && len(m.out)-headerSize > m.maxResponse {
		return m.code(codeErr)
	}
	if op == opMGet {
		for _, it := range family {
			it.accessed = m.unix()
		}
	}
	return answer{raw: m.out}
}
