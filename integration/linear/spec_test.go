package linear

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// keys are few and the beginnings of each other, so that families overlap.
var keys = []string{"k", "ka", "kab", "kb"}

// prefixes are those of the commands on families.
var prefixes = []string{"k", "ka", "kb"}

// input is a command as a client gives it.
type input struct {
	name string // as in the protocol
	arg  string // key or prefix
	text string // SET, MSET: the value
}

func (in input) String() string { return strings.TrimSpace(in.name + " " + in.arg + " " + in.text) }

// state is what the keys hold: "" is nothing, "#7" a number, anything else text.
type state struct {
	value  [4]string
	locked [4]bool
}

// specification is what the commands do to the keys, one after the other.
func specification() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return state{} },
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
	if in.name == "COUNT" || in.name == "KEYS" || in.name[0] == 'M' {
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
		s.value[i] = in.text
		return "ok", s
	case "INC":
		switch {
		case s.locked[i]:
			return "locked", s
		case there && s.value[i][0] != '#':
			return "nan", s
		}
		s.value[i] = add(s.value[i])
		return s.value[i], s
	case "GET":
		if !there {
			return "none", s
		}
		return s.value[i], s
	}
	switch { // DEL, LOCK, UNLOCK
	case !there:
		return "none", s
	case s.locked[i] && in.name != "UNLOCK":
		return "locked", s
	}
	if in.name == "DEL" {
		s.value[i] = ""
	}
	s.locked[i] = in.name == "LOCK"
	return "ok", s
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
			s.value[i] = ""
		case "MSET":
			s.value[i] = in.text
		case "MLOCK":
			s.locked[i] = true
		case "MUNLOCK":
			s.locked[i] = false
		case "MINC":
			if s.value[i][0] != '#' {
				continue
			}
			s.value[i] = add(s.value[i])
		}
		count++
	}
	if in.name == "KEYS" || in.name == "MGET" {
		return list, s
	}
	return strconv.Itoa(count), s
}

// add adds one to a number; nothing counts as zero.
func add(value string) string {
	n, _ := strconv.Atoi(strings.TrimPrefix(value, "#"))
	return "#" + strconv.Itoa(n+1)
}
