package gibson_test

import (
	"errors"
	"testing"

	"github.com/gogibson/gibson"
	"github.com/gogibson/gibson/wire"
)

func TestEncodings(t *testing.T) {
	var server scripted
	addr := fake(t, answering(server.answer))
	for _, tc := range []struct{ name, value, want string }{ // want "" for ErrEncoding
		{"", "\xff", "\xff"},
		{"utf-8", "Zoë �", "Zoë �"},
		{"UTF8", "\xff", ""},
		{"iso-8859-1", "Zo\xeb", "Zoë"},
		{"latin1", "Zo\xeb", "Zoë"},
		{"us-ascii", "plain", "plain"},
		{"us-ascii", "Zo\xeb", ""},
		{"KOI8-R", "\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"},
		{"Shift_JIS", "\x83e\x83X\x83g", "テスト"},
		{"Shift_JIS", "\x83", ""},
		{"UTF-16BE", "\x00Z\xff\xfd", "Z�"},
		{"UTF-16BE", "\x00Z\xd8\x00", ""},
		{"GB18030", "\x841\xa47", "�"},
		{"no-such-encoding", "plain", ""},
		{"cp1047x", "plain", ""},
	} {
		server.set(wire.AppendValue(nil, []byte(tc.value)))
		c := dial(t, addr, &gibson.Options{Encoding: tc.name})
		plain := dial(t, addr, nil)
		if c.Encoding() != tc.name || plain.Encoding() != "" || plain.WithEncoding(tc.name).Encoding() != tc.name {
			t.Errorf("%s: Encoding is %q", tc.name, c.Encoding())
		}
		for _, call := range []func() (string, error){
			func() (string, error) { b, err := c.Get(t.Context(), "k"); return string(b), err },
			func() (string, error) {
				b, err := plain.WithEncoding(tc.name).Get(t.Context(), "k")
				return string(b), err
			},
			func() (string, error) { v, err := c.Value(t.Context(), "k"); return v.String(), err },
			func() (string, error) { r, err := c.Do(t.Context(), "get", "k"); return string(r.Data), err },
			func() (string, error) {
				b, err := c.GetInto(t.Context(), []byte("is "), "k")
				return string(b[3:]), err
			},
		} {
			got, err := call()
			if got != tc.want || (err != nil) != (tc.want == "") || err != nil && !errors.Is(err, gibson.ErrEncoding) {
				t.Errorf("%s %q: %q, %v, want %q", tc.name, tc.value, got, err, tc.want)
			}
		}
		if got, err := c.WithEncoding("").Get(t.Context(), "k"); err != nil || string(got) != tc.value {
			t.Errorf("%s overridden by none: %q, %v", tc.name, got, err)
		}
		server.set(wire.AppendNumber(nil, 12))
		if got, err := c.Get(t.Context(), "k"); err != nil || string(got) != "12" {
			t.Errorf("%s: a number is %q, %v", tc.name, got, err)
		}
		if c.Closed() || plain.Closed() {
			t.Errorf("%s closed the connection", tc.name)
		}
	}
}
