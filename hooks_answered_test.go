package gibson_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

// TestHooksAnswered has the server answer what the caller cannot take. The
// hooks learn that it did, and what was wrong with it.
func TestHooksAnswered(t *testing.T) {
	text, number := wire.AppendValue(nil, []byte("text")), wire.AppendNumber(nil, 1)
	done := wire.AppendCode(nil, wire.CodeOK)
	isProtocol := func(err error) bool {
		var protocol *gibson.ProtocolError
		return errors.As(err, &protocol)
	}
	for name, tc := range map[string]struct {
		reply []byte
		call  func(context.Context, *gibson.Conn) error
		is    func(error) bool
		word  string
	}{
		"GetInt of text": {
			text, func(ctx context.Context, c *gibson.Conn) error { return call(c.GetInt(ctx, "k")) },
			func(err error) bool { return errors.Is(err, gibson.ErrNotANumber) }, "not_a_number",
		},
		"Inc answered by text": {
			text, func(ctx context.Context, c *gibson.Conn) error { return call(c.Inc(ctx, "k")) }, isProtocol, "failed",
		},
		"Get answered by OK": {
			done, func(ctx context.Context, c *gibson.Conn) error { return call(c.Get(ctx, "k")) }, isProtocol, "failed",
		},
		"Ping answered by a number": {
			number, func(ctx context.Context, c *gibson.Conn) error { return c.Ping(ctx) }, isProtocol, "failed",
		},
		"MGet answered by text": {
			text, func(ctx context.Context, c *gibson.Conn) error { return call(c.MGet(ctx, "k", 0)) }, isProtocol, "failed",
		},
		"Get of too much": {
			wire.AppendValue(nil, make([]byte, 200)), func(ctx context.Context, c *gibson.Conn) error { return call(c.Get(ctx, "k")) },
			func(err error) bool { return errors.Is(err, gibson.ErrTooLarge) }, "failed",
		},
		"Exec of too much": {
			wire.AppendValue(nil, make([]byte, 200)), func(ctx context.Context, c *gibson.Conn) error {
				p := c.Pipeline()
				p.Do("get", "k")
				results, err := p.Exec(ctx)
				if err != nil {
					return nil // it was answered
				}
				return results[0].Err
			},
			func(err error) bool { return errors.Is(err, gibson.ErrTooLarge) }, "failed",
		},
		"Do, which takes everything": {
			done, func(ctx context.Context, c *gibson.Conn) error { return call(c.Do(ctx, "get", "k")) },
			func(err error) bool { return err == nil }, "ok",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var ended []gibson.Event
			c := dial(t, fake(t, answering(func(wire.Request) []byte { return tc.reply })), &gibson.Options{
				MaxReplySize: 100,
				Hooks:        &gibson.Hooks{End: func(_ context.Context, e gibson.Event) { ended = append(ended, e) }},
			})
			if err := tc.call(t.Context(), c); !tc.is(err) {
				t.Errorf("the call: %v", err)
			}
			if len(ended) != 1 {
				t.Fatalf("%d ends of one command", len(ended))
			}
			e := ended[0]
			if !e.Answered() || e.Received != len(tc.reply) || !tc.is(e.Err) || e.Outcome() != tc.word {
				t.Errorf("answered %v, %d bytes, %v, %s; want %d bytes, %s",
					e.Answered(), e.Received, e.Err, e.Outcome(), len(tc.reply), tc.word)
			}
		})
	}
}
