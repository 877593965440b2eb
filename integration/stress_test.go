package integration

import (
	"bytes"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"
)

// session is a conversation with something of everything: values with any
// bytes, numbers, pairs, refusals, a locked item, nothing at all.
const session = `SET 0 k a b\x00\xff | GET k | INC n | MGET k | KEYS n | LOCK k 9 | DEL k | META k lock | ` +
	`SET x k v | SET 0 k | GET none | UNLOCK k | MSET k {z*40} | PING | GET k | MDEL k | MDEL n | COUNT k`

const sessionReplies = `VAL a b\x00\xff | VAL a b\x00\xff | NUM 1 | KVAL k=a\sb\x00\xff | KEYS n | OK | LOCKED | NUM 9 | ` +
	`NAN | ERR | NOT_FOUND | OK | NUM 1 | OK | VAL {z*40} | NUM 1 | NUM 1 | NUM 0`

// TestCutAnywhere sends a session cut at every byte and expects the replies of
// the whole. The connection is a pipe in memory, on which the server's reads
// get exactly the pieces that were written.
func TestCutAnywhere(t *testing.T) {
	whole, err := parseBytes(session)
	if err != nil {
		t.Fatal(err)
	}
	expectations, err := parseExpectations(sessionReplies)
	if err != nil {
		t.Fatal(err)
	}
	var want []byte
	for _, e := range expectations {
		want = append(want, e.raw...)
	}
	srv := newServer(t, nil).Server()
	check := func(name string, pieces [][]byte) {
		t.Helper()
		here, there := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- srv.ServeConn(there) }()
		client := &wireClient{dial: func() (net.Conn, error) { return here, nil }}
		if err := client.open(); err != nil {
			t.Fatal(err)
		}
		for _, p := range pieces {
			client.write(p)
		}
		var got []byte
		for range expectations {
			got = append(got, client.read(hangGuard).raw...)
		}
		client.hangup()
		if err := <-done; err != nil {
			t.Errorf("%s: ServeConn: %v", name, err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", name, got, want)
		}
	}
	check("whole", [][]byte{whole})
	var single [][]byte
	for i := range whole {
		single = append(single, whole[i:i+1])
		check("cut", [][]byte{whole[:i], whole[i:]})
		if t.Failed() {
			t.Fatalf("cut at byte %d", i)
		}
	}
	check("byte by byte", single)
	for n := 2; n <= 7; n++ {
		var pieces [][]byte
		for b := whole; len(b) > 0; b = b[min(n, len(b)):] {
			pieces = append(pieces, b[:min(n, len(b))])
		}
		check("in small pieces", pieces)
	}
}

// TestWritesEndWithReplies reads what the server writes, write by write, as a
// pipe in memory hands it over: each must hold whole replies, for there are
// clients that hang when a read ends within one.
func TestWritesEndWithReplies(t *testing.T) {
	const replies = 6000
	requests, err := parseBytes("SET 0 k {v*700} | " + strings.Repeat("GET k | INC n | PING | MGET k | ", (replies-1)/4) + "GET none")
	if err != nil {
		t.Fatal(err)
	}
	here, there := net.Pipe()
	srv := newServer(t, nil).Server()
	done := make(chan error, 1)
	go func() { done <- srv.ServeConn(there) }()
	client := &wireClient{dial: func() (net.Conn, error) { return here, nil }}
	if err := client.open(); err != nil {
		t.Fatal(err)
	}
	client.write(requests)
	want, buf := 2+(replies-1)/4*4, make([]byte, 8<<20)
	if err := here.SetReadDeadline(time.Now().Add(hangGuard)); err != nil {
		t.Fatal(err)
	}
	for got := 0; got < want; {
		n, err := here.Read(buf)
		if err != nil {
			t.Fatalf("after %d replies: %v", got, err)
		}
		for b := buf[:n]; len(b) > 0; got++ {
			if len(b) < 7 || len(b) < 7+int(binary.LittleEndian.Uint32(b[3:])) {
				t.Fatalf("a write of %d bytes ends within reply %d", n, got+1)
			}
			b = b[7+binary.LittleEndian.Uint32(b[3:]):]
		}
	}
	client.hangup()
	if err := <-done; err != nil {
		t.Errorf("ServeConn: %v", err)
	}
}
