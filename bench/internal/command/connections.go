package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/gogibson/gibson/bench/internal/proto"
	"github.com/gogibson/gibson/bench/internal/report"
)

// connectionBound is what an idle connection may take of the server's resident
// memory, in bytes.
const connectionBound = 12 << 10

// runConnections is the command "connections".
func runConnections(ctx context.Context, e *env, args []string) (err error) {
	var f fleet
	var conns int
	var settle time.Duration
	fs := e.flags()
	f.register(fs, "gibson")
	fs.IntVar(&conns, "conns", 10_000, "connections, each of which sends one PING and then nothing")
	fs.DurationVar(&settle, "settle", 5*time.Second, "wait before each look at the memory")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	if conns < 1 {
		return fmt.Errorf("%d connections, want one or more", conns)
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	if err := f.start(ctx, e, "--max-clients", strconv.Itoa(conns+10)); err != nil {
		return err
	}
	m := f.members[0]
	if len(f.members) > 1 || m.Protocol.Name() != (proto.Gibson{}).Name() {
		return errors.New("this command is for our server alone")
	}
	resident := func() (int64, error) {
		if err := sleep(ctx, settle); err != nil {
			return 0, err
		}
		u, err := m.server.Usage()
		return u.RSS, err
	}
	// What the first clients make the server set up is no cost of a connection.
	var answered int
	end, err := holdClients(ctx, e, "idleclients", idleJob{Address: m.server.Address, Conns: 1}, &answered)
	if err != nil {
		return err
	}
	if err := end(); err != nil {
		return err
	}
	before, err := resident()
	if err != nil {
		return err
	}
	if end, err = holdClients(ctx, e, "idleclients", idleJob{Address: m.server.Address, Conns: conns}, &answered); err != nil {
		return errors.Join(err, m.server.Err())
	}
	after, err := resident()
	if err := errors.Join(err, end()); err != nil {
		return err
	}
	each := float64(after-before) / float64(conns)
	table := report.NewTable("connections", "resident before, KiB", "resident with them, KiB", "bytes for each")
	table.Row(conns, before>>10, after>>10, fmt.Sprintf("%.0f", each))
	e.note("%d connections over a unix socket, of a process of their own. Each had one PING answered and sends nothing more.", conns)
	e.note("Memory for an idle connection: %.1f KiB, at most %d KiB allowed: %s.", each/1024, connectionBound>>10, verdict(each <= connectionBound))
	return e.publish(ctx, table)
}

// idleJob is what the process of the idle clients is told.
type idleJob struct {
	Address string
	Conns   int
}

// runIdleClients is that process. It says how many clients had their answer,
// which is all of them, and ends when its standard input does, if they can
// still have one.
func runIdleClients(_ context.Context, e *env, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%d arguments, want one job", len(args))
	}
	var job idleJob
	if err := json.Unmarshal([]byte(args[0]), &job); err != nil {
		return err
	}
	conns := make([]net.Conn, 0, job.Conns)
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for i := range job.Conns {
		c, err := net.Dial("unix", job.Address)
		if err != nil {
			return err
		}
		conns = append(conns, c)
		if err := pingOnce(c); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
	}
	if err := json.NewEncoder(e.stdout).Encode(len(conns)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	// One that was closed meanwhile would have made the figure too small.
	for i, c := range conns {
		if err := pingOnce(c); err != nil {
			return fmt.Errorf("connection %d did not stay: %w", i, err)
		}
	}
	return nil
}

// pingOnce sends a PING and waits for its answer.
func pingOnce(c net.Conn) error {
	if _, err := c.Write(proto.Gibson{}.Append(nil, proto.OpPing, "")); err != nil {
		return err
	}
	code, err := readReply(c)
	if err == nil && code == codeErr {
		err = errors.New("PING is answered with ERR")
	}
	return err
}
