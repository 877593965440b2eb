package gibson_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// commandMethods returns the methods of v that reach a server, by name: those
// with a context and arguments that anything can be made up for. They are
// called with that key, prefix or value.
func commandMethods(t *testing.T, v any) map[string]func(ctx context.Context, key, val string) error {
	t.Helper()
	methods := map[string]func(context.Context, string, string) error{}
	rv := reflect.ValueOf(v)
	for i := range rv.NumMethod() {
		m, mt := rv.Method(i), rv.Method(i).Type()
		if mt.NumIn() == 0 || mt.In(0) != reflect.TypeFor[context.Context]() {
			continue
		}
		name := rv.Type().Method(i).Name
		if name == "Acquire" || name == "With" || name == "Do" {
			continue // no commands, and the one that takes everything
		}
		methods[name] = func(ctx context.Context, key, val string) error {
			args := []reflect.Value{reflect.ValueOf(ctx)}
			for p := 1; p < mt.NumIn(); p++ {
				switch mt.In(p) {
				case reflect.TypeFor[string]():
					args = append(args, reflect.ValueOf(key))
				case reflect.TypeFor[[]byte]():
					args = append(args, reflect.ValueOf([]byte(val)))
				case reflect.TypeFor[int](), reflect.TypeFor[time.Duration]():
					args = append(args, reflect.Zero(mt.In(p)))
				default:
					t.Fatalf("%s: an argument of type %v", name, mt.In(p))
				}
			}
			err, _ := m.Call(args)[mt.NumOut()-1].Interface().(error)
			return err
		}
	}
	return methods
}

// TestEveryMethodRefuses calls every method of everything that sends commands
// with what it must refuse, before and after the close. Nothing may be sent.
func TestEveryMethodRefuses(t *testing.T) {
	var server scripted
	server.set(wire.AppendCode(nil, wire.CodeErr)) // so that what is sent by mistake does not hang
	addr := fake(t, answering(server.answer))
	limits := gibson.Options{MaxKeySize: 4, MaxValueSize: 3}
	conn := dial(t, addr, &limits)
	client, err := gibson.NewClient(addr, &gibson.ClientOptions{Options: limits, HealthInterval: -1})
	if err != nil {
		t.Fatal(err)
	}
	pool := newPool(t, addr, &gibson.PoolOptions{Options: limits, MinSize: 1})
	all := map[string]any{"Conn": conn, "Client": client, "Pool": pool, "View": conn.WithEncoding("utf-8")}

	check := func(what string, err, want error) {
		t.Helper()
		var ce *gibson.CommandError
		if !errors.Is(err, want) || !errors.As(err, &ce) {
			t.Errorf("%s: %v, want %v in a *CommandError", what, err, want)
		}
		if req := server.request(); req.Op != 0 {
			t.Errorf("%s: sent %v %q", what, req.Op, req.Payload)
		}
	}
	withoutKey := []string{"Ping", "Stats", "End"}
	withValue := []string{"Set", "MSet"}
	called := 0
	for typ, v := range all {
		for name, call := range commandMethods(t, v) {
			called++
			what := typ + "." + name
			if !slices.Contains(withoutKey, name) {
				for _, key := range []string{"", " ", "a b"} {
					check(what+" of the key "+key, call(t.Context(), key, "v"), gibson.ErrInvalidKey)
				}
				check(what+" of a long key", call(t.Context(), "12345", "v"), gibson.ErrTooLarge)
			}
			if slices.Contains(withValue, name) {
				check(what+" of no value", call(t.Context(), "k", ""), gibson.ErrInvalidValue)
				check(what+" of a long value", call(t.Context(), "k", "1234"), gibson.ErrTooLarge)
			}
		}
	}
	if called < 4*25 {
		t.Errorf("%d methods, want at least 25 of each type", called)
	}

	conn.Close()
	client.Close()
	pool.Close()
	for typ, v := range all {
		for name, call := range commandMethods(t, v) {
			err := call(t.Context(), "k", "v")
			check(typ+"."+name+" after the close", err, gibson.ErrClosed)
			another := typ == "Conn" || typ == "View" // may be had; a Client or Pool stands for all there are
			if gibson.SafeToRetry(err) != another {
				t.Errorf("%s.%s after the close: SafeToRetry(%v) is %v", typ, name, err, !another)
			}
		}
	}
}

// TestLimitsAreOptIn checks that keys and values of any size are sent without
// limits in Options.
func TestLimitsAreOptIn(t *testing.T) {
	var server scripted
	c := dial(t, fake(t, answering(server.answer)), nil)
	big := strings.Repeat("k", 5000)
	for name, call := range commandMethods(t, c) {
		if name == "End" {
			continue
		}
		server.set(wire.AppendCode(nil, wire.CodeErr))
		if err := call(t.Context(), big, big); !errors.Is(err, gibson.ErrServer) {
			t.Errorf("%s: %v, want the server's ErrServer", name, err)
		}
		if req := server.request(); req.Op == 0 {
			t.Errorf("%s: nothing was sent", name)
		}
	}
}
