package flood

import (
	"bytes"
	"context"
	"testing"

	"github.com/gogibson/gibson/bench/internal/call"
	"github.com/gogibson/gibson/bench/internal/proto"
)

func testValues() values { return newValues(Config{Smallest: 1, Largest: 1000}) }

func TestValuesAreReproducible(t *testing.T) {
	v, sizes := testValues(), map[int]bool{}
	for key := range uint32(200) {
		a, b := v.of(key, 1), testValues().of(key, 1)
		if !bytes.Equal(a, b) {
			t.Fatalf("key %d: two different values of one version", key)
		}
		if len(a) < 1 || len(a) > 1000 {
			t.Fatalf("key %d: %d bytes, want 1 to 1000", key, len(a))
		}
		sizes[len(a)] = true
	}
	if len(sizes) < 50 {
		t.Errorf("only %d different sizes", len(sizes))
	}
}

func TestJudge(t *testing.T) {
	vals := testValues()
	answer := func(kind proto.Kind, size int, b []byte) call.Answer {
		return call.Answer{Reply: proto.Reply{Kind: kind, Size: size}, Bytes: b}
	}
	right := vals.of(3, 2)
	var n Counts
	for _, a := range []call.Answer{answer(proto.Value, len(right), right), answer(proto.Missing, 0, nil)} {
		if err := judgeGet(a, vals, 3, &n); err != nil {
			t.Error(err)
		}
	}
	for _, a := range []call.Answer{answer(proto.Value, len(right), right), answer(proto.Refused, proto.GibsonMem, nil)} {
		if err := judgeSet(a, right, &n); err != nil {
			t.Error(err)
		}
	}
	if n.Hits.Load() != 1 || n.Missing.Load() != 1 || n.Stored.Load() != 1 || n.Full.Load() != 1 || n.Bytes.Load() != int64(len(right)) {
		t.Errorf("counts %d hits, %d missing, %d stored, %d full, %d bytes", n.Hits.Load(), n.Missing.Load(), n.Stored.Load(), n.Full.Load(), n.Bytes.Load())
	}
	other := bytes.Repeat([]byte{'x'}, 50)
	if judgeGet(answer(proto.Value, 50, other), vals, 3, &n) == nil || judgeSet(answer(proto.Value, 50, other), right, &n) == nil {
		t.Error("a value that was never stored is taken for right")
	}
	if judgeGet(answer(proto.Refused, proto.GibsonErr, nil), vals, 3, &n) == nil || judgeSet(answer(proto.Refused, proto.GibsonErr, nil), right, &n) == nil {
		t.Error("ERR is taken for right")
	}
}

func TestRunRefusesBadConfigs(t *testing.T) {
	var n Counts
	if err := Run(context.Background(), Config{Conns: 1, Keys: 1, Smallest: 2, Largest: 1}, &n); err == nil {
		t.Error("no error for sizes from 2 to 1")
	}
	if err := Run(context.Background(), Config{Conns: 1, Keys: 1, Smallest: 1, Largest: 1, Address: "/nowhere"}, &n); err == nil {
		t.Error("no error without a server")
	}
}
