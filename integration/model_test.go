package integration

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// model is Gibson as a map and a few sentences: what docs/protocol.md says,
// written as plainly as possible and without regard to cost. The server is
// compared with it on requests that nobody has thought of.
type model struct {
	elapsed time.Duration // of the clock, since epoch
	items   map[string]*modelItem

	maxKey, maxValue, compression int
	maxTTL                        int64
}

type modelItem struct {
	text             []byte
	number           int64
	isNumber         bool
	created, touched int64 // unix seconds
	ttl, ttlFrom     int64 // seconds, 0 for none; milliseconds of the clock
	lock, lockFrom   int64 // seconds, -1 until unlocked, 0 for none; milliseconds
}

func (m *model) ms() int64   { return m.elapsed.Milliseconds() }
func (m *model) unix() int64 { return epoch.Add(m.elapsed).Unix() }

func (m *model) locked(it *modelItem) bool {
	return it.lock == -1 || it.lock > 0 && m.ms() < it.lockFrom+it.lock*1000
}

// find returns the item of a key that is alive, nil if there is none.
func (m *model) find(key string) *modelItem {
	it := m.items[key]
	if it != nil && it.ttl > 0 && m.ms() >= it.ttlFrom+it.ttl*1000 {
		delete(m.items, key)
		return nil
	}
	return it
}

// family returns the keys of live items under a prefix, in order.
func (m *model) family(prefix string) []string {
	var keys []string
	for k := range m.items {
		if strings.HasPrefix(k, prefix) && m.find(k) != nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// number reads a number as the protocol allows it.
func (m *model) number(b []byte) (int64, bool) {
	digits := bytes.TrimPrefix(b, []byte("-"))
	if len(digits) == 0 || bytes.Trim(digits, "0123456789") != nil && len(bytes.Trim(digits, "0123456789")) > 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	return n, err == nil
}

// answer is what the model expects: a reply, or any number in a range.
type answer struct {
	raw    []byte
	lo, hi int64
}

func code(name string) answer { return answer{raw: codeReply(name)} }
func numeral(n int64) answer  { return answer{raw: numberReply(n)} }
func textual(b []byte) answer { return answer{raw: reply(6, 0, b)} }
func changed(n int) answer    { return answer{raw: nothingOr(numberReply(int64(n)), n)} }
func (it *modelItem) value() answer {
	if it.isNumber {
		return numeral(it.number)
	}
	return textual(it.text)
}

// do executes a request.
func (m *model) do(r request) answer {
	switch r.name {
	case "PING":
		return code("OK")
	case "SET":
		return m.set(r.payload)
	}
	key, rest, two := bytes.Cut(r.payload, []byte(" "))
	if len(key) == 0 || len(key) > m.maxKey {
		return code("ERR")
	}
	switch r.name {
	case "TTL", "LOCK", "META", "MTTL", "MLOCK":
		if len(rest) == 0 || r.name == "META" && rest[0] == ' ' {
			return code("ERR")
		}
	case "MSET":
		if len(rest) == 0 || len(rest) > m.maxValue {
			return code("ERR")
		}
	case "MGET":
		if two && len(rest) == 0 {
			return code("ERR")
		}
	}
	if r.name == "COUNT" || r.name == "KEYS" || r.name[0] == 'M' && r.name != "META" {
		return m.prefix(r.name, string(key), rest)
	}
	return m.single(r.name, string(key), rest)
}

func (m *model) set(payload []byte) answer {
	ttl, rest, _ := bytes.Cut(payload, []byte(" "))
	key, value, _ := bytes.Cut(rest, []byte(" "))
	if len(ttl) == 0 || len(key) == 0 || len(key) > m.maxKey || len(value) == 0 || len(value) > m.maxValue {
		return code("ERR")
	}
	n, ok := m.number(ttl)
	if !ok {
		return code("NAN")
	}
	if it := m.find(string(key)); it != nil && m.locked(it) {
		return code("LOCKED")
	}
	it := &modelItem{text: value, created: m.unix(), touched: m.unix()}
	m.live(it, n)
	m.items[string(key)] = it
	return textual(value)
}

// live starts an item's life.
func (m *model) live(it *modelItem, ttl int64) {
	it.ttl, it.ttlFrom = min(max(ttl, 0), m.maxTTL), m.ms()
}

// hold locks an item.
func (m *model) hold(it *modelItem, seconds int64) {
	switch it.lock = seconds; {
	case seconds < -1:
		it.lock = 0
	case seconds > (math.MaxInt64-m.ms())/1000:
		it.lock = -1 // its end is beyond the clock: until unlocked
	}
	it.lockFrom = m.ms()
}

// single executes a command on one key.
func (m *model) single(name, key string, rest []byte) answer {
	it := m.find(key)
	if it == nil {
		if name == "INC" || name == "DEC" {
			it = &modelItem{isNumber: true, created: m.unix(), touched: m.unix()}
			m.items[key] = it
			return m.add(it, name)
		}
		return code("NOT_FOUND")
	}
	n, isNumber := m.number(rest)
	if !isNumber && (name == "TTL" || name == "LOCK") {
		return code("NAN")
	}
	if m.locked(it) && slices.Contains([]string{"DEL", "INC", "DEC", "TTL", "LOCK"}, name) {
		return code("LOCKED")
	}
	switch name {
	case "META":
		field, _, _ := bytes.Cut(rest, []byte(" "))
		a := m.meta(it, string(field))
		if a.raw == nil || describe(a.raw) != "ERR" {
			it.touched = m.unix()
		}
		return a
	case "INC", "DEC":
		return m.add(it, name)
	case "DEL":
		delete(m.items, key)
	case "TTL":
		m.live(it, n)
	case "LOCK":
		m.hold(it, n)
	case "UNLOCK":
		it.lock = 0
	}
	it.touched = m.unix()
	if name == "GET" {
		return it.value()
	}
	return code("OK")
}

// add executes INC, DEC, MINC or MDEC on one item.
func (m *model) add(it *modelItem, name string) answer {
	n, ok := it.number, true
	if !it.isNumber {
		n, ok = m.number(it.text)
	}
	by := int64(1)
	if strings.HasSuffix(name, "DEC") {
		by = -1
	}
	if sum := n + by; !ok || (sum > n) != (by > 0) {
		return code("NAN")
	}
	it.number, it.isNumber, it.text, it.touched = n+by, true, nil, m.unix()
	return numeral(it.number)
}

func (m *model) meta(it *modelItem, field string) answer {
	packed := !it.isNumber && len(it.text) > m.compression && compressible(it.text)
	switch field {
	case "size":
		switch {
		case it.isNumber:
			return numeral(8)
		case packed:
			return answer{lo: 1, hi: int64(len(it.text)) - 1}
		}
		return numeral(int64(len(it.text)))
	case "encoding":
		switch {
		case it.isNumber:
			return numeral(2)
		case packed:
			return numeral(1)
		}
		return numeral(0)
	case "access":
		return numeral(it.touched)
	case "created":
		return numeral(it.created)
	case "ttl", "left":
		if it.ttl == 0 {
			return numeral(-1)
		}
		if field == "ttl" {
			return numeral(it.ttl)
		}
		return numeral(it.ttl - (m.ms()-it.ttlFrom)/1000)
	case "lock":
		if m.locked(it) {
			return numeral(it.lock)
		}
		return numeral(0)
	}
	return code("ERR")
}

// compressible tells the texts of one byte over and over, which every
// algorithm makes smaller, from the random ones, which none does.
func compressible(b []byte) bool { return bytes.Count(b, b[:1]) == len(b) }

// prefix executes a command on a family.
func (m *model) prefix(name, prefix string, rest []byte) answer {
	n, isNumber := m.number(rest)
	limited := name == "MGET" && len(rest) > 0
	if !isNumber && (limited || name == "MTTL" || name == "MLOCK") {
		return code("NAN")
	}
	keys := m.family(prefix)
	switch name {
	case "COUNT":
		return numeral(int64(len(keys)))
	case "KEYS":
		var names [][]byte
		for _, k := range keys {
			names = append(names, []byte(k))
		}
		return answer{raw: nothingOr(keysReply(names), len(keys))}
	case "MGET":
		if limited && n > 0 && n < int64(len(keys)) {
			keys = keys[:n]
		}
		return m.list(keys)
	}
	count := 0
	for _, k := range keys {
		it := m.items[k]
		if m.locked(it) && name != "MUNLOCK" {
			continue
		}
		switch name {
		case "MDEL":
			delete(m.items, k)
		case "MSET":
			*it = modelItem{text: rest, created: m.unix()}
		case "MTTL":
			m.live(it, n)
		case "MLOCK":
			m.hold(it, n)
		case "MUNLOCK":
			it.lock = 0
		default:
			if describe(m.add(it, name).raw) == "NAN" {
				continue
			}
		}
		it.touched = m.unix()
		count++
	}
	return changed(count)
}

// list is what MGET answers for these keys.
func (m *model) list(keys []string) answer {
	var pairs []pair
	for _, k := range keys {
		it := m.items[k]
		it.touched = m.unix()
		p := pair{key: []byte(k), value: it.text}
		if it.isNumber {
			p.encoding, p.value = 2, binary.LittleEndian.AppendUint64(nil, uint64(it.number))
		}
		pairs = append(pairs, p)
	}
	return answer{raw: nothingOr(kvalReply(pairs), len(pairs))}
}
