package gibson

import "fmt"

// Options are the settings of Dial. Nil and the zero value stand for the
// defaults named with each field; a negative value is an error. Options are
// read once and not changed.
type Options struct {
	// MaxKeySize and MaxValueSize bound keys, prefixes and values that the
	// typed methods accept, in bytes; what is above fails with ErrTooLarge and
	// is not sent. Zero leaves the judgement to the server, whose limits may
	// have been changed from 1 KiB and 2096127.
	MaxKeySize, MaxValueSize int

	// MaxReplySize bounds the data of one reply, in bytes. A bigger reply
	// counts as a breach of the protocol. Zero stands for 64 MiB, the default
	// of the server's max_response_size.
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
		value int
	}{
		{"MaxKeySize", r.MaxKeySize},
		{"MaxValueSize", r.MaxValueSize},
		{"MaxReplySize", r.MaxReplySize},
		{"MaxInFlight", r.MaxInFlight},
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
