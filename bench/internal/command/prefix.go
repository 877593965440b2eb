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

// census is the keys that the questions are about: a power of ten, so that
// leading digits name families of a hundredth of them.
type census int

func (n census) check() error {
	for _, ok := range []census{1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000} {
		if n == ok {
			return nil
		}
	}
	return fmt.Errorf("%d keys, want a power of ten from 1,000 to 100,000,000", n)
}

// part is the prefix of a hundredth of the keys, the i-th.
func (n census) part(i int) string {
	zeros := workload.Digits - (len(fmt.Sprint(int(n))) - 1)
	return workload.Users().Part(strings.Repeat("0", zeros) + fmt.Sprintf("%02d", i))
}

// short writes a power of ten as people do.
func (n census) short() string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 1000:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprint(int(n))
}

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

// prefixRows are asked of a server that holds the keys 0 to n-1 of Users.
func prefixRows(n census, valueSize int) []prefixRow {
	all, few := int(n), int(n)/100
	users, family := workload.Users().Prefix, n.part(42)
	numbered := func(op uint16, suffix string) func(int) question {
		return func(int) question { return askGibson(op, family+suffix, proto.Number, few) }
	}
	value := string(workload.AppendValue(nil, 42, valueSize))
	ofAll, ofFew := " of "+n.short(), " of "+(n/100).short()
	return []prefixRow{
		{title: "COUNT" + ofAll, gibson: func(int) question { return askGibson(proto.OpCount, users, proto.Number, all) }},
		{title: "COUNT" + ofFew, gibson: numbered(proto.OpCount, "")},
		{
			title:  "KEYS" + ofFew,
			gibson: func(int) question { return askGibson(proto.OpKeys, family, proto.Many, few) },
			redis:  func(int) question { return askRedis(scanKeys, family+"*", proto.Many, few) },
		},
		{title: "MGET" + ofFew, gibson: func(int) question { return askGibson(proto.OpMGet, family, proto.Many, few) }},
		{title: "MGET limit 100" + ofAll, gibson: func(int) question { return askGibson(proto.OpMGet, users+" 100", proto.Many, 100) }},
		{title: "MTTL" + ofFew, gibson: numbered(proto.OpMTTL, " 86400")},
		{
			title:  "MLOCK" + ofFew,
			prep:   numbered(proto.OpMUnlock, ""),
			gibson: numbered(proto.OpMLock, " 86400"),
		},
		{
			title:  "MUNLOCK" + ofFew,
			prep:   func(int) question { return askGibson(proto.OpMLock, family+" 86400", 0, -1) },
			gibson: numbered(proto.OpMUnlock, ""),
		},
		{title: "MSET" + ofFew, gibson: numbered(proto.OpMSet, " "+value)},
		{
			title:  "MDEL" + ofFew,
			gibson: func(round int) question { return askGibson(proto.OpMDel, n.part(50+round), proto.Number, few) },
			redis:  func(round int) question { return askRedis(scanUnlink, n.part(50+round)+"*", proto.Number, few) },
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
	keys, valueSize, rounds int
	reclaims, doomed        int
	window                  time.Duration
}

func runPrefix(ctx context.Context, e *env, args []string) (err error) {
	var b prefixBench
	fs := e.flags()
	b.register(fs, "gibson,redis")
	fs.IntVar(&b.keys, "keys", 1_000_000, "items in each server, a power of ten")
	fs.IntVar(&b.valueSize, "value", 100, "`bytes` of a value")
	fs.IntVar(&b.rounds, "rounds", 10, "times that each command is asked, at most 50")
	fs.IntVar(&b.reclaims, "reclaims", 10, "times that a big family is deleted under load")
	fs.IntVar(&b.doomed, "doomed", 900_000, "items of that family")
	// About as long as the reclaim lasts: a rare stall of the machine then falls into both alike.
	fs.DurationVar(&b.window, "window", 4*time.Second, "of the load before the deletion that is compared with")
	if err := e.parse(fs, args); err != nil {
		return err
	}
	if b.rounds < 1 || b.rounds > 50 {
		return fmt.Errorf("%d rounds, want 1 to 50: each deletes another hundredth of the items", b.rounds)
	}
	if err := census(b.keys).check(); err != nil {
		return err
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
	e.note("One connection, one request at a time over a unix socket, on %d keys `%s` with values of %d bytes; %d times each; every answer's count is checked.",
		b.keys, workload.Users(), b.valueSize, b.rounds)
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
	rows := prefixRows(census(b.keys), b.valueSize)
	cells := make([][]any, len(rows))
	for i, row := range rows {
		cells[i] = []any{row.title}
	}
	for _, m := range b.members {
		if err := m.fill(ctx, workload.Users(), b.keys, b.valueSize); err != nil {
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
