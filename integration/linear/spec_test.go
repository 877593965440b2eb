package linear

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// keys are few and the beginnings of each other, so that families overlap.
var keys = [...]string{"k", "ka", "kab", "kac", "kb", "kba"}

// prefixes are those of the commands on families.
var prefixes = []string{"k", "ka", "kb"}

// input is a command as a client gives it.
type input struct {
	name    string // as in the protocol
	arg     string // key or prefix
	text    string // SET, MSET: the value; META: the field
	seconds int64  // TTL, MTTL: so long that nothing ends within the test
}

func (in input) String() string {
	if in.seconds > 0 {
		return fmt.Sprint(in.name, " ", in.arg, " ", in.seconds)
	}
	return strings.TrimSpace(in.name + " " + in.arg + " " + in.text)
}

// begin is the state at the beginning of a history: something in every family.
var begin = func() (s state) {
	for i := range keys {
		s.value[i] = "first"
	}
	return s
}()

// onFamily reports whether the command is one on a family.
func (in input) onFamily() bool {
	return in.name == "COUNT" || in.name == "KEYS" || in.name[0] == 'M' && in.name != "META"
}

// state is what the keys hold: "" is nothing, "#7" a number, anything else text.
type state struct {
	value  [len(keys)]string
	locked [len(keys)]bool
	ttl    [len(keys)]int64 // seconds, 0 for none
}

// specification is what the commands do to the keys, one after the other.
func specification() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return begin },
		Step: func(s, in, out any) (bool, any) {
			want, next := step(s.(state), in.(input))
			return want == out.(string), next
		},
		Equal:             func(a, b any) bool { return a.(state) == b.(state) },
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%v -> %v", in, out) },
		DescribeState:     func(s any) string { return fmt.Sprint(s) },
	}
}

// step executes a command and returns its answer and what is then.
func step(s state, in input) (string, state) {
	if in.onFamily() {
		return family(s, in)
	}
	i := 0
	for keys[i] != in.arg {
		i++
	}
	there := s.value[i] != ""
	switch in.name {
	case "SET":
		if s.locked[i] {
			return "locked", s
		}
		s.value[i], s.ttl[i] = in.text, 0
		return "ok", s
	case "INC", "DEC":
		switch {
		case s.locked[i]:
			return "locked", s
		case there && s.value[i][0] != '#':
			return "nan", s
		}
		s.value[i] = add(s.value[i], in.name)
		return s.value[i], s
	case "GET":
		if !there {
			return "none", s
		}
		return s.value[i], s
	}
	switch { // DEL, TTL, LOCK, UNLOCK, META
	case !there:
		return "none", s
	case in.name == "META":
		return meta(s, i, in.text), s
	case s.locked[i] && in.name != "UNLOCK":
		return "locked", s
	}
	switch in.name {
	case "DEL":
		s.value[i], s.ttl[i] = "", 0
	case "TTL":
		s.ttl[i] = in.seconds
	case "LOCK":
		s.locked[i] = true
	case "UNLOCK":
		s.locked[i] = false
	}
	return "ok", s
}

// meta returns a figure about an item.
func meta(s state, i int, field string) string {
	switch {
	case field == "ttl" && s.ttl[i] > 0:
		return strconv.FormatInt(s.ttl[i], 10)
	case field == "ttl", field == "lock" && s.locked[i]:
		return "-1"
	case field == "encoding" && s.value[i][0] == '#':
		return "2"
	}
	return "0"
}

// family executes a command on a family.
func family(s state, in input) (string, state) {
	count, list := 0, ""
	for i, key := range keys {
		if s.value[i] == "" || !strings.HasPrefix(key, in.arg) {
			continue
		}
		if s.locked[i] && in.name != "COUNT" && in.name != "KEYS" && in.name != "MGET" && in.name != "MUNLOCK" {
			continue
		}
		switch in.name {
		case "KEYS":
			list += key + " "
		case "MGET":
			list += key + "=" + s.value[i] + " "
		case "MDEL":
			s.value[i], s.ttl[i] = "", 0
		case "MSET":
			s.value[i], s.ttl[i] = in.text, 0
		case "MTTL":
			s.ttl[i] = in.seconds
		case "MLOCK":
			s.locked[i] = true
		case "MUNLOCK":
			s.locked[i] = false
		case "MINC", "MDEC":
			if s.value[i][0] != '#' {
				continue
			}
			s.value[i] = add(s.value[i], in.name)
		}
		count++
	}
	if in.name == "KEYS" || in.name == "MGET" {
		return list, s
	}
	return strconv.Itoa(count), s
}

// add executes INC, DEC, MINC or MDEC on a number; nothing counts as zero.
func add(value, name string) string {
	n, _ := strconv.Atoi(strings.TrimPrefix(value, "#"))
	if strings.HasSuffix(name, "INC") {
		return "#" + strconv.Itoa(n+1)
	}
	return "#" + strconv.Itoa(n-1)
}
