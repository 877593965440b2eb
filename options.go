package gibson

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// Options are the settings of Dial. Nil and the zero value stand for the
// defaults named with each field; a negative value is an error unless the
// field gives it a meaning. Options are read once and not changed.
type Options struct {
	// MaxKeySize and MaxValueSize bound keys, prefixes and values that the
	// typed methods accept, in bytes; what is above fails with ErrTooLarge and
	// is not sent. Zero leaves the judgement to the server, whose limits may
	// have been changed from 1 KiB and 2096127.
	MaxKeySize, MaxValueSize int

	// MaxReplySize bounds the data of one reply, in bytes. A call whose reply
	// is bigger ends with ErrTooLarge, unless it does not want the data; what
	// arrives of it is dropped, and the connection goes on behind it. A size
	// that is also above 2147482623, the most that a server's
	// max_response_size can be, counts as a breach of the protocol. Zero
	// stands for 64 MiB, the default of max_response_size.
	MaxReplySize int

	// MaxInFlight bounds the requests that wait for their replies on one
	// connection, in bytes. Calls beyond it wait, in order, until replies have
	// come. A single request may be bigger: it then goes alone. Zero stands
	// for 4 MiB.
	MaxInFlight int

	// Encoding names the text encoding that values are decoded from to UTF-8,
	// see WithEncoding. Empty leaves values as they are. Unlike other settings
	// a wrong one is not an error here: it fails the calls that decode.
	Encoding string

	// Hooks, if not nil, observe every command.
	Hooks *Hooks

	// TLS, if not nil, has the connection encrypted, as the scheme tls does
	// with the zero Config. An empty ServerName is filled in from the host of a
	// TCP address. For a unix socket, which has none, ServerName has to be set,
	// or InsecureSkipVerify.
	TLS *tls.Config

	// Dialer, if not nil, makes the connections to the network and address, of
	// which package net has the vocabulary, instead of a net.Dialer. TLS is
	// added to what it returns.
	Dialer func(ctx context.Context, network, address string) (net.Conn, error)

	// DialTimeout bounds the time to connect, TLS handshake included. Zero
	// leaves that to the context.
	DialTimeout time.Duration

	// KeepAlive is the idle time after which TCP asks whether the other side
	// is still there, and the interval at which it asks again. Zero stands for
	// 15 seconds; a negative value turns it off. It does not concern
	// connections of a Dialer.
	KeepAlive time.Duration

	// ReadTimeout bounds the time in which nothing arrives although a reply is
	// due, and nothing more of a large request is taken either, which is seen
	// in steps of 64 KiB: so much has to be taken in that time. WriteTimeout
	// bounds the time to send what does not fit the socket's buffer at once.
	// Either closes the connection, with an error that matches
	// ErrConnectionLost and os.ErrDeadlineExceeded. Zero stands for no bound;
	// contexts bound calls without closing anything.
	ReadTimeout, WriteTimeout time.Duration
}

const defaultMaxInFlight = 4 << 20

// resolved returns a copy of o with its defaults filled in.
func (o *Options) resolved() (Options, error) {
	var r Options
	if o != nil {
		r = *o
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"MaxKeySize", int64(r.MaxKeySize)},
		{"MaxValueSize", int64(r.MaxValueSize)},
		{"MaxReplySize", int64(r.MaxReplySize)},
		{"MaxInFlight", int64(r.MaxInFlight)},
		{"DialTimeout", int64(r.DialTimeout)},
		{"ReadTimeout", int64(r.ReadTimeout)},
		{"WriteTimeout", int64(r.WriteTimeout)},
	} {
		if f.value < 0 {
			return Options{}, fmt.Errorf("gibson: Options.%s is %d, want 0 or more", f.name, f.value)
		}
	}
	if r.MaxInFlight == 0 {
		r.MaxInFlight = defaultMaxInFlight
	}
	return r, nil
}
