package gibson_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/gibsontest"
)

type user struct {
	Name string
	Age  int
}

// typedOf returns a Typed or fails the test.
func typedOf[V any](t *testing.T, store gibson.Store, codec gibson.Codec[V], opts *gibson.TypedOptions) *gibson.Typed[V] {
	t.Helper()
	typed, err := gibson.NewTyped(store, codec, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(typed.Wait)
	return typed
}

func TestTypedCodecs(t *testing.T) {
	conn := dial(t, gibsontest.NewServer(t).Addr(), nil)
	ada := user{"Ada", 36}
	t.Run("json", func(t *testing.T) { roundTrip(t, conn, gibson.JSON[user](), ada) })
	t.Run("gob", func(t *testing.T) { roundTrip(t, conn, gibson.Gob[user](), ada) })
	t.Run("json pointer", func(t *testing.T) { roundTrip(t, conn, gibson.JSON[*user](), &ada) })
	t.Run("raw bytes", func(t *testing.T) { roundTrip(t, conn, gibson.Raw[[]byte](), []byte("a b\x00")) })
	t.Run("raw string", func(t *testing.T) { roundTrip(t, conn, gibson.Raw[string](), "a b\x00") })
}

func roundTrip[V any](t *testing.T, store gibson.Store, codec gibson.Codec[V], v V) {
	for _, opts := range []*gibson.TypedOptions{nil, {NegativeFor: time.Minute}} {
		typed := typedOf(t, store, codec, opts)
		key := fmt.Sprintf("%T:%v:k", codec, opts != nil)
		if _, err := typed.Get(t.Context(), key); !errors.Is(err, gibson.ErrNotFound) {
			t.Errorf("Get of nothing: %v", err)
		}
		if err := typed.Set(t.Context(), key, v, time.Minute); err != nil {
			t.Fatal(err)
		}
		got, err := typed.Get(t.Context(), key)
		if err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("Get = %v, %v, want %v", got, err, v)
		}
		family, err := typed.MGet(t.Context(), key, 0)
		if err != nil {
			t.Fatal(err)
		}
		if all := maps.Collect(family); !reflect.DeepEqual(all, map[string]V{key: v}) {
			t.Errorf("MGet = %v", all)
		}
	}
}

func TestTypedValueErrors(t *testing.T) {
	conn := dial(t, gibsontest.NewServer(t).Addr(), nil)
	ctx := context.Background()
	if err := conn.Set(ctx, "bad:1", []byte("{"), 0); err != nil {
		t.Fatal(err)
	}
	for _, opts := range []*gibson.TypedOptions{nil, {StaleFor: time.Minute}} {
		typed := typedOf(t, conn, gibson.JSON[user](), opts)
		if _, err := typed.Get(ctx, "bad:1"); err == nil {
			t.Error("Get decodes what is no JSON")
		}
		if _, err := typed.MGet(ctx, "bad:", 0); err == nil {
			t.Error("MGet decodes what is no JSON")
		}
	}
	if err := typedOf(t, conn, gibson.JSON[chan int](), nil).Set(ctx, "k", nil, 0); err == nil {
		t.Error("Set encodes a channel")
	}
	if err := typedOf(t, conn, gibson.Raw[string](), nil).Set(ctx, "k", "", 0); !errors.Is(err, gibson.ErrInvalidValue) {
		t.Errorf("Set of nothing: %v", err)
	}
	for _, o := range []gibson.TypedOptions{{StaleFor: -1}, {NegativeFor: -1}, {LockTime: -1}, {PollInterval: -1}, {LoadTimeout: -1}} {
		if _, err := gibson.NewTyped(conn, gibson.Raw[string](), &o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

// TestTypedIgnoresEncoding checks that a codec gets the bytes that it made,
// whatever the encoding of text is that the store decodes.
func TestTypedIgnoresEncoding(t *testing.T) {
	for _, encoding := range []string{"ISO-8859-1", "UTF-8", "unknown"} {
		conn := dial(t, gibsontest.NewServer(t).Addr(), &gibson.Options{Encoding: encoding})
		roundTrip(t, conn, gibson.Gob[user](), user{"\xc3\xa4", 200})
		roundTrip(t, conn, gibson.Raw[[]byte](), []byte("\xe4\xff"))
	}
}
