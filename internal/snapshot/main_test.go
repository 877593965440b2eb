package snapshot_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gogibson/gibson/cache"
	"github.com/gogibson/gibson/internal/snapshot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// written is when the snapshots of these tests are made.
func written() time.Time { return time.UnixMilli(1_700_000_000_123) }

// samples returns records of all kinds, in order, and n plain ones.
func samples(n int) []cache.Record {
	all := []cache.Record{
		{Key: []byte("a"), Data: []byte("some text"), Created: 1, Accessed: 2},
		{Key: []byte("b\x00\xff"), Form: cache.FormNumber, Number: -42, Age: 255, Created: 1<<32 - 1, Accessed: 7},
		{Key: []byte("c"), Data: []byte("zip"), Form: cache.FormCompressed, TTL: 1<<32 - 1, Ends: -1},
		{Key: []byte("d"), Data: []byte("x"), LockSeconds: -1},
		{Key: []byte("e"), Data: []byte("x"), TTL: 9, Ends: 1 << 62, LockSeconds: 1 << 62, LockEnds: 1 << 61},
	}
	for i := range n {
		all = append(all, cache.Record{Key: fmt.Appendf(nil, "key:%06d", i), Data: fmt.Appendf(nil, "value %d of many", i*7919)})
	}
	return all
}

// encode returns a snapshot of records.
func encode(t testing.TB, records []cache.Record, compress bool) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := snapshot.NewWriter(&b, written(), compress)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if err := w.Add(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	totals, err := w.Close()
	if err != nil || totals.Size != int64(b.Len()) || totals.Items != int64(len(records)) {
		t.Fatalf("%+v, %v for %d records in %d bytes", totals, err, len(records), b.Len())
	}
	return b.Bytes()
}

// decode reads a snapshot.
func decode(src io.Reader) ([]cache.Record, error) {
	r, err := snapshot.NewReader(src)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return collect(r.Next)
}

func collect(next func() ([]cache.Record, error)) ([]cache.Record, error) {
	var all []cache.Record
	for {
		records, err := next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		for _, r := range records {
			all = append(all, clone(r))
		}
	}
}

func clone(r cache.Record) cache.Record {
	r.Key, r.Data = slices.Clone(r.Key), slices.Clone(r.Data)
	return r
}

// same compares records.
func same(t testing.TB, got, want []cache.Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("record %d is %.200s, want %.200s", i, fmt.Sprintf("%+v", got[i]), fmt.Sprintf("%+v", want[i]))
		}
	}
}

// long returns a record whose block is longer than others.
func long(key string, n int) cache.Record {
	return cache.Record{Key: []byte(key), Data: []byte(strings.Repeat("0123456789abcdef", n/16))}
}
