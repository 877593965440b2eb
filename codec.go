package gibson

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
)

// Codec turns values of one type into bytes and back. A Codec is used by many
// goroutines at once.
type Codec[V any] interface {
	// Append appends v in its form in the cache to dst and returns the
	// extended slice. The form must not be empty: the protocol cannot carry
	// that.
	Append(dst []byte, v V) ([]byte, error)
	// Decode returns the value that data is the form of. It may keep data.
	Decode(data []byte) (V, error)
}

// JSON returns the codec of encoding/json.
func JSON[V any]() Codec[V] { return jsonCodec[V]{} }

type jsonCodec[V any] struct{}

func (jsonCodec[V]) Append(dst []byte, v V) ([]byte, error) {
	b, err := json.Marshal(v)
	return append(dst, b...), err
}

func (jsonCodec[V]) Decode(data []byte) (v V, err error) {
	err = json.Unmarshal(data, &v)
	return v, err
}

// Gob returns the codec of encoding/gob. Every value carries its type, so
// small values grow by a multiple.
func Gob[V any]() Codec[V] { return gobCodec[V]{} }

type gobCodec[V any] struct{}

func (gobCodec[V]) Append(dst []byte, v V) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	err := gob.NewEncoder(b).Encode(&v)
	return b.Bytes(), err
}

func (gobCodec[V]) Decode(data []byte) (v V, err error) {
	err = gob.NewDecoder(bytes.NewReader(data)).Decode(&v)
	return v, err
}

// Raw returns the codec of bytes and strings that are stored as they are.
func Raw[V ~[]byte | ~string]() Codec[V] { return rawCodec[V]{} }

type rawCodec[V ~[]byte | ~string] struct{}

func (rawCodec[V]) Append(dst []byte, v V) ([]byte, error) { return append(dst, v...), nil }

func (rawCodec[V]) Decode(data []byte) (V, error) { return V(data), nil }
