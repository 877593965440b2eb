package command

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/gogibson/gibson/bench/internal/proto"
)

// The commands that the slow readers use, and the reply that refuses one.
const (
	opSet   = 1
	opMGet  = 11
	codeErr = 0
)

// slowJob is what the process of the slow readers is told.
type slowJob struct {
	Address string
	Readers int
}

// slowReplies is what it says once every client has the beginning of a reply.
type slowReplies struct{ Refused int }

// runSlowReaders is that process. It ends when its standard input does.
func runSlowReaders(_ context.Context, e *env, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%d arguments, want one job", len(args))
	}
	var job slowJob
	if err := json.Unmarshal([]byte(args[0]), &job); err != nil {
		return err
	}
	request := proto.Gibson{}.Append(nil, opMGet, "slow:")
	conns := make([]net.Conn, job.Readers)
	defer func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	}()
	for i := range conns {
		var err error
		if conns[i], err = net.Dial("unix", job.Address); err != nil {
			return err
		}
		if _, err := conns[i].Write(request); err != nil {
			return err
		}
	}
	var replies slowReplies
	for _, c := range conns {
		var code [2]byte
		if _, err := io.ReadFull(c, code[:]); err != nil {
			return err
		}
		if binary.LittleEndian.Uint16(code[:]) == codeErr {
			replies.Refused++
		}
	}
	if err := json.NewEncoder(e.stdout).Encode(replies); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// readReply reads one reply of our server and returns its code.
func readReply(r io.Reader) (uint16, error) {
	var head [7]byte
	b := bufio.NewReader(r)
	if _, err := io.ReadFull(b, head[:]); err != nil {
		return 0, err
	}
	_, err := io.CopyN(io.Discard, b, int64(binary.LittleEndian.Uint32(head[3:])))
	return binary.LittleEndian.Uint16(head[:]), err
}
