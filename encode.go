package gibson

import (
	"bytes"
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/gogibson/gibson/wire"
)

// EncodeCommand returns the request of the named command in wire format
// (docs/protocol.md, "Requests"):
//
//	gibson.EncodeCommand("set", 3600, "foo", 3.14)
//	// 0f 00 00 00  01 00  "3600 foo 3.14"
//
// The name may be in any case, with blanks around it. Arguments are joined by
// one space and are
//
//   - []byte and string, as they are;
//   - integers of every kind, in decimal;
//   - floats, in the fewest digits that give the same float again, written as
//     Python does: 1.0, 0.0001, 1e-05, 1e+16; NaN and infinities are refused;
//   - time.Duration in seconds, rounded up; a negative one is refused but
//     Forever, which is -1;
//   - encoding.BinaryMarshaler, as its bytes.
//
// Types whose underlying type is one of those count as it. A nil argument is
// an error that matches ErrInvalidArgument, and so is one of another type.
// Whether number and form of the arguments suit the command is not checked:
// the server does that.
func EncodeCommand(name string, args ...any) ([]byte, error) {
	cmd, ok := wire.LookupName(name)
	if !ok {
		return nil, &CommandError{Command: strconv.Quote(name), Err: ErrUnknownCommand}
	}
	return appendCommand(nil, cmd, args)
}

// appendCommand appends the request of cmd to dst and returns the extended
// slice. On error dst's own bytes are unchanged.
func appendCommand(dst []byte, cmd wire.Command, args []any) ([]byte, error) {
	start := len(dst)
	dst = wire.BeginRequest(dst, cmd.Op)
	for i, arg := range args {
		if i > 0 {
			dst = append(dst, ' ')
		}
		var err error
		if dst, err = appendArg(dst, arg); err != nil {
			return nil, &CommandError{
				Command: cmd.Name,
				Err:     fmt.Errorf("argument %d: %w", i+1, err),
			}
		}
	}
	return wire.EndRequest(dst, start), nil
}

// appendArg appends one argument in its form on the wire.
func appendArg(dst []byte, arg any) ([]byte, error) {
	switch a := arg.(type) {
	case nil:
		return nil, errNilArgument
	case []byte:
		if a == nil {
			return nil, errNilArgument
		}
		return append(dst, a...), nil
	case string:
		return append(dst, a...), nil
	case int:
		return strconv.AppendInt(dst, int64(a), 10), nil
	case int64:
		return strconv.AppendInt(dst, a, 10), nil
	case time.Duration:
		s, err := seconds(a)
		return strconv.AppendInt(dst, s, 10), err
	case encoding.BinaryMarshaler:
		if v := reflect.ValueOf(a); v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, errNilArgument
		}
		b, err := a.MarshalBinary()
		return append(dst, b...), err
	}
	return appendKind(dst, reflect.ValueOf(arg))
}

// appendKind appends an argument by the kind of its underlying type.
func appendKind(dst []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.String:
		return append(dst, v.String()...), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.AppendUint(dst, v.Uint(), 10), nil
	case reflect.Float32:
		return appendFloat(dst, v.Float(), 32)
	case reflect.Float64:
		return appendFloat(dst, v.Float(), 64)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if v.IsNil() {
				return nil, errNilArgument
			}
			return append(dst, v.Bytes()...), nil
		}
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Chan:
		if v.IsNil() {
			return nil, errNilArgument
		}
	}
	return nil, fmt.Errorf("%w: type %v has no form on the wire", ErrInvalidArgument, v.Type())
}

// appendFloat appends f as Python's str does, which is what other clients of
// the same server store and compare: an exponent only below 1e-4 and from 1e16
// on, as the shortest digits have it.
func appendFloat(dst []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%w: %v is not a finite number", ErrInvalidArgument, f)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	e := bytes.LastIndexByte(dst, 'e')
	exp, err := strconv.Atoi(string(dst[e+1:]))
	if err != nil || exp < -4 || exp >= 16 {
		return dst, err
	}
	dst = strconv.AppendFloat(dst[:start], f, 'f', -1, bits)
	if bytes.IndexByte(dst[start:], '.') < 0 {
		dst = append(dst, ".0"...)
	}
	return dst, nil
}

var errNilArgument = fmt.Errorf("%w: nil", ErrInvalidArgument)
