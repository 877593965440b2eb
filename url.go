package gibson

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// FromURL sets options from the query of an address and returns the address
// without it, for Dial and its like:
//
//	tls://cache.example:10128?read_timeout=2s&max_in_flight=1048576
//	unix:///tmp/gibson.sock?encoding=utf-8
//
// The parameters are max_key_size, max_value_size, max_reply_size and
// max_in_flight in bytes, dial_timeout, keep_alive, read_timeout and
// write_timeout as time.ParseDuration has them, and encoding. What is not
// named keeps its value. An unknown or repeated parameter, or one that is
// malformed, is an error, and nothing is changed then.
func (o *Options) FromURL(rawURL string) (address string, err error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", fmt.Errorf("gibson: address: %w", err)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", fmt.Errorf("gibson: address %q: %w", rawURL, err)
	}
	abstract := u.Scheme == "unix" && u.User != nil && u.User.String() == ""
	if u.Fragment != "" || u.User != nil && !abstract {
		return "", fmt.Errorf("gibson: address %q has a user or a fragment", rawURL)
	}
	switch u.Scheme {
	case "tcp", "tls":
		if u.Path != "" && u.Path != "/" || u.Host == "" {
			return "", fmt.Errorf("gibson: address %q: want %s://host:port", rawURL, u.Scheme)
		}
		address = u.Scheme + "://" + u.Host
	case "unix":
		address = "unix://" + u.Host + u.Path
		if abstract { // to package url the @ is that of a user
			address = "unix://@" + u.Host + u.Path
		}
	default:
		return "", fmt.Errorf("gibson: address %q: want a scheme unix, tcp or tls", rawURL)
	}
	if _, err := splitAddress(address); err != nil {
		return "", err
	}
	set := *o
	for name, values := range query {
		if len(values) != 1 {
			return "", fmt.Errorf("gibson: address %q: %s is repeated", rawURL, name)
		}
		if err := set.parameter(name, values[0]); err != nil {
			return "", fmt.Errorf("gibson: address %q: %s: %w", rawURL, name, err)
		}
	}
	if _, err := set.resolved(); err != nil {
		return "", err
	}
	*o = set
	return address, nil
}

// parameter sets the option that a parameter of a URL names.
func (o *Options) parameter(name, value string) (err error) {
	size := func(p *int) { *p, err = strconv.Atoi(value) }
	duration := func(p *time.Duration) { *p, err = time.ParseDuration(value) }
	switch name {
	case "max_key_size":
		size(&o.MaxKeySize)
	case "max_value_size":
		size(&o.MaxValueSize)
	case "max_reply_size":
		size(&o.MaxReplySize)
	case "max_in_flight":
		size(&o.MaxInFlight)
	case "dial_timeout":
		duration(&o.DialTimeout)
	case "keep_alive":
		duration(&o.KeepAlive)
	case "read_timeout":
		duration(&o.ReadTimeout)
	case "write_timeout":
		duration(&o.WriteTimeout)
	case "encoding":
		o.Encoding = value
	default:
		err = fmt.Errorf("unknown parameter")
	}
	return err
}
