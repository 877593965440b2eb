package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gogibson/gibson/bench/internal/call"
	"github.com/gogibson/gibson/bench/internal/proto"
	"github.com/gogibson/gibson/bench/internal/report"
	"github.com/gogibson/gibson/bench/internal/sample"
	"github.com/gogibson/gibson/bench/internal/workload"
)

// question is one request on a family and the answer that it must get.
type question struct {
	request []byte
	kind    proto.Kind
	size    int // number of items; -1 is not checked
}

// prefixRow is one row of the table: a question for each round.
type prefixRow struct {
	title  string
	gibson func(round int) question
	redis  func(round int) question // nil: Redis has nothing of the kind
	prep   func(round int) question // asked of our server before, not timed
}

// part is the prefix of ten thousand of the million keys.
func part(n int) string { return workload.Users().Part(fmt.Sprintf("00%02d", n)) }

// scanKeys and scanUnlink are what users of Redis are told to do about a
// family: walk all keys on the server and pick its own.
const (
	scanKeys = `local c, all = '0', {}
repeat
  local r = redis.call('SCAN', c, 'MATCH', ARGV[1], 'COUNT', 1000)
  c = r[1]
  for _, k in ipairs(r[2]) do all[#all + 1] = k end
until c == '0'
return all`
	scanUnlink = `local c, n = '0', 0
repeat
  local r = redis.call('SCAN', c, 'MATCH', ARGV[1], 'COUNT', 1000)
  c = r[1]
  if #r[2] > 0 then n = n + redis.call('UNLINK', unpack(r[2])) end
until c == '0'
return n`
)

func askGibson(op uint16, payload string, kind proto.Kind, size int) question {
	return question{proto.Gibson{}.Append(nil, op, payload), kind, size}
}

func askRedis(script, pattern string, kind proto.Kind, size int) question {
	return question{proto.RESP{}.Append(nil, "EVAL", script, "0", pattern), kind, size}
}

// prefixRows are asked of a server that holds the keys 0 to 999,999 of Users.
func prefixRows(valueSize int) []prefixRow {
	const million, part10k = 1_000_000, 10_000
	users := workload.Users().Prefix
	numbered := func(op uint16, suffix string) func(int) question {
		return func(int) question { return askGibson(op, part(42)+suffix, proto.Number, part10k) }
	}
	value := string(workload.AppendValue(nil, 42, valueSize))
	return []prefixRow{
		{title: "COUNT of 1M keys", gibson: func(int) question { return askGibson(proto.OpCount, users, proto.Number, million) }},
		{title: "COUNT of 10k keys", gibson: numbered(proto.OpCount, "")},
		{
			title:  "KEYS of 10k",
			gibson: func(int) question { return askGibson(proto.OpKeys, part(42), proto.Many, part10k) },
			redis:  func(int) question { return askRedis(scanKeys, part(42)+"*", proto.Many, part10k) },
		},
		{title: "MGET of 10k", gibson: func(int) question { return askGibson(proto.OpMGet, part(42), proto.Many, part10k) }},
		{title: "MGET limit 100 of 1M", gibson: func(int) question { return askGibson(proto.OpMGet, users+" 100", proto.Many, 100) }},
		{title: "MTTL of 10k", gibson: numbered(proto.OpMTTL, " 86400")},
		{
			title:  "MLOCK of 10k",
			prep:   numbered(proto.OpMUnlock, ""),
			gibson: numbered(proto.OpMLock, " 86400"),
		},
		{
			title:  "MUNLOCK of 10k",
			prep:   func(int) question { return askGibson(proto.OpMLock, part(42)+" 86400", 0, -1) },
			gibson: numbered(proto.OpMUnlock, ""),
		},
		{title: "MSET of 10k", gibson: numbered(proto.OpMSet, " "+value)},
		{
			title:  "MDEL of 10k",
			gibson: func(round int) question { return askGibson(proto.OpMDel, part(50+round), proto.Number, part10k) },
			redis: func(round int) question {
				return askRedis(scanUnlink, part(50+round)+"*", proto.Number, part10k)
			},
		},
	}
}

// ask sends a question and checks its answer.
func ask(c *call.Conn, q question) (time.Duration, error) {
	a, err := c.Do(q.request)
	if err != nil {
		return 0, err
	}
	if q.size >= 0 && (a.Kind != q.kind || a.Size != q.size) {
		return 0, fmt.Errorf("%.60q answered with %s %d, want %s %d", q.request, a.Kind, a.Size, q.kind, q.size)
	}
	return a.Took, nil
}

// prefixBench is the command "prefix".
type prefixBench struct {
	fleet
	valueSize, rounds, reclaims, doomed int
	window                              time.Duration
}

func runPrefix(ctx context.Context, e *env, args []string) (err error) {
	var b prefixBench
	fs := e.flags()
	b.register(fs, "gibson,redis")
	fs.IntVar(&b.valueSize, "value", 100, "`bytes` of a value")
	fs.IntVar(&b.rounds, "rounds", 10, "times that each command is asked, at most 50")
	fs.IntVar(&b.reclaims, "reclaims", 10, "times that a big family is deleted under load")
	fs.IntVar(&b.doomed, "doomed", 900_000, "items of that family")
	fs.DurationVar(&b.window, "window", time.Second, "of the load before the deletion that is compared with")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	if b.rounds < 1 || b.rounds > 50 {
		return fmt.Errorf("%d rounds, want 1 to 50: each deletes another hundredth of the items", b.rounds)
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	if err := b.start(ctx, e, "--max-memory", "8G"); err != nil {
		return err
	}
	for _, m := range b.members {
		if m.Name != "Gibson" && m.Name != "Redis" {
			return fmt.Errorf("%s has no command on prefixes", m.Name)
		}
	}
	commands, err := b.commands(ctx, e)
	if err != nil {
		return err
	}
	reclaim, err := b.reclaim(ctx, e)
	if err != nil {
		return err
	}
	e.note("One connection, one request at a time over a unix socket, on 1,000,000 keys `%s` with values of %d bytes; %d times each; every answer's count is checked.",
		workload.Users(), b.valueSize, b.rounds)
	e.note("Redis has no such commands: KEYS is SCAN with MATCH in a Lua script, MDEL the same with UNLINK (COUNT 1000).")
	return e.publish(ctx, commands, reclaim)
}

// commands times each command on an otherwise idle server.
func (b *prefixBench) commands(ctx context.Context, e *env) (*report.Table, error) {
	head := []string{"ms"}
	for _, m := range b.members {
		head = append(head, m.Name+" median", "min", "max")
	}
	table := report.NewTable(head...)
	rows := prefixRows(b.valueSize)
	cells := make([][]any, len(rows))
	for i, row := range rows {
		cells[i] = []any{row.title}
	}
	for _, m := range b.members {
		if err := m.fill(ctx, workload.Users(), 1_000_000, b.valueSize); err != nil {
			return nil, err
		}
		for i, row := range rows {
			took, err := b.times(ctx, m, row)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", m.Name, row.title, err)
			}
			if took == nil {
				cells[i] = append(cells[i], report.None, report.None, report.None)
				continue
			}
			low, high := bounds(took)
			cells[i] = append(cells[i], report.Millis(sample.Median(took)), report.Millis(low), report.Millis(high))
			e.progress("%s: %s: %s ms", m.Name, row.title, report.Millis(sample.Median(took)))
		}
	}
	for _, c := range cells {
		table.Row(c...)
	}
	return table, nil
}

// times asks one row's question in every round, nil if the server cannot.
func (b *prefixBench) times(ctx context.Context, m *member, row prefixRow) ([]time.Duration, error) {
	next, prep := row.gibson, row.prep
	if m.Name == "Redis" {
		next, prep = row.redis, nil
	}
	if next == nil {
		return nil, nil
	}
	c, err := call.Dial(m.server.Address, m.Protocol)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	var took []time.Duration
	for round := range b.rounds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if prep != nil {
			if _, err := ask(c, prep(round)); err != nil {
				return nil, err
			}
		}
		d, err := ask(c, next(round))
		if err != nil {
			return nil, err
		}
		took = append(took, d)
	}
	return took, nil
}

// bounds returns the smallest and the largest duration.
func bounds(ds []time.Duration) (low, high time.Duration) {
	low = ds[0]
	for _, d := range ds {
		low, high = min(low, d), max(high, d)
	}
	return low, high
}

// find returns the server of that name, nil if it is not measured.
func (f *fleet) find(name string) *member {
	for _, m := range f.members {
		if strings.EqualFold(m.Name, name) {
			return m
		}
	}
	return nil
}
