package wire_test

import (
	"fmt"
	"strconv"

	"github.com/gogibson/gibson/wire"
)

func ExampleAppendRequest() {
	b := wire.AppendRequest(nil, wire.OpSet, []byte("60"), []byte("foo"), []byte("a b"))
	fmt.Printf("% x\n", b)
	// Output: 0c 00 00 00 01 00 36 30 20 66 6f 6f 20 61 20 62
}

// Arguments are appended in place, without a slice for each of them.
func ExampleBeginRequest() {
	var buf []byte
	for ttl := range int64(3) {
		start := len(buf)
		buf = wire.BeginRequest(buf, wire.OpTTL)
		buf = append(buf, "user:42 "...)
		buf = strconv.AppendInt(buf, ttl, 10)
		buf = wire.EndRequest(buf, start)
	}
	fmt.Println(len(buf), "bytes")
	// Output: 45 bytes
}

// A server parses every complete request of what it has read.
func ExampleParseRequest() {
	buf := wire.AppendRequest(nil, wire.OpSet, []byte("60"), []byte("foo"), []byte("bar"))
	buf = wire.AppendRequest(buf, wire.OpPing)
	buf = append(buf, 9, 0, 0) // the next one has only begun
	for {
		req, n, err := wire.ParseRequest(buf, 0)
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Printf("%v %q\n", req.Op, req.Payload)
		buf = buf[n:]
	}
	// Output:
	// SET "60 foo bar"
	// PING ""
	// gibson: message is incomplete
}

func ExampleParseArgs() {
	args, err := wire.ParseArgs(wire.ShapeSet, []byte("60 foo a b"), wire.Limits{})
	fmt.Printf("%q %q %d %v\n", args.Key, args.Value, args.Number, err)

	args, err = wire.ParseArgs(wire.ShapeKeyNumber, []byte("foo 5a"), wire.Limits{})
	fmt.Println(args.NumberErr, err)

	_, err = wire.ParseArgs(wire.ShapeKeyNumber, []byte("foo"), wire.Limits{})
	fmt.Println(err)
	// Output:
	// "foo" "a b" 60 <nil>
	// true <nil>
	// gibson: malformed arguments
}

func ExampleAppendValue() {
	fmt.Printf("% x\n", wire.AppendValue(nil, []byte("bar")))
	// Output: 06 00 00 03 00 00 00 62 61 72
}

func ExampleAppendNumber() {
	fmt.Printf("% x\n", wire.AppendNumber(nil, -2))
	// Output: 06 00 02 08 00 00 00 fe ff ff ff ff ff ff ff
}

func ExampleAppendCode() {
	fmt.Printf("% x\n", wire.AppendCode(nil, wire.CodeNotFound))
	// Output: 01 00 00 01 00 00 00 00
}

func ExamplePairsWriter() {
	w := wire.BeginPairs(nil)
	w.Append([]byte("foo"), []byte("bar"))
	fmt.Printf("% x\n", w.Finish())
	// Output: 07 00 00 13 00 00 00 01 00 00 00 03 00 00 00 66 6f 6f 00 03 00 00 00 62 61 72
}

// A reply that outgrows its limit is given up for an error.
func ExamplePairsWriter_Discard() {
	const maxResponseSize = 50
	w := wire.BeginPairs(nil)
	for i := range int64(10) {
		if w.AppendNumber([]byte("key"), i); w.Len() > maxResponseSize {
			fmt.Printf("% x\n", wire.AppendCode(w.Discard(), wire.CodeErr))
			return
		}
	}
	fmt.Printf("% x\n", w.Finish())
	// Output: 00 00 00 01 00 00 00 00
}

func ExampleParseReply() {
	b := wire.AppendNumber(nil, 42)
	reply, n, err := wire.ParseReply(b, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	number, err := reply.Int64()
	fmt.Println(n, reply.Code, number, err)
	// Output: 15 VAL 42 <nil>
}

func ExampleReply_Pairs() {
	w := wire.BeginPairs(nil)
	w.Append([]byte("user:42:name"), []byte("Ada"))
	w.AppendNumber([]byte("user:42:visits"), 7)
	reply, _, err := wire.ParseReply(w.Finish(), 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for key, v := range reply.Pairs() {
		fmt.Printf("%s = %v\n", key, v)
	}
	// Output:
	// user:42:name = Ada
	// user:42:visits = 7
}

func ExampleReader() {
	stream := wire.AppendCode(nil, wire.CodeOK)
	stream = wire.AppendValue(stream, []byte("bar"))
	var r wire.Reader
	for _, piece := range [][]byte{stream[:3], stream[3:12], stream[12:]} {
		r.Feed(piece)
		for {
			reply, ok, err := r.Next()
			if err != nil {
				fmt.Println(err)
				return
			}
			if !ok {
				fmt.Println("wait for more")
				break
			}
			fmt.Printf("%v %q\n", reply.Code, reply.Data)
		}
	}
	// Output:
	// wait for more
	// OK "\x00"
	// wait for more
	// VAL "bar"
	// wait for more
}

func ExampleLookupName() {
	c, ok := wire.LookupName(" mget\n")
	fmt.Println(c.Op, uint16(c.Op), c.Args, ok)
	// Output: MGET 11 prefix [limit] true
}

func ExampleLookup() {
	c, ok := wire.Lookup(wire.OpCount)
	fmt.Println(c.Name, c.Shape, c.Reply, ok)
	// Output: COUNT Key VAL true
}

func ExampleCommands() {
	for _, c := range wire.Commands() {
		if c.Prefix && !c.Write {
			fmt.Println(c.Name, c.Args)
		}
	}
	// Output:
	// MGET prefix [limit]
	// COUNT prefix
	// KEYS prefix
}
