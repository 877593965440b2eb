package store

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/gogibson/gibson/bench/internal/workload"
)

func TestStoresHoldWhatWasStored(t *testing.T) {
	size := Size{Items: 5000, KeySize: workload.Users().KeySize(), ValueSize: 100}
	for _, kind := range Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			s, err := kind.New(size)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			key := workload.Users().Append(nil, 0)
			digits := key[len(workload.Users().Prefix):]
			for i := range uint32(size.Items) {
				workload.PutDigits(digits, i) // the buffer is used again: a store that keeps it is found out
				if err := s.Set(key, workload.AppendValue(nil, i, size.ValueSize)); err != nil {
					t.Fatal(err)
				}
			}
			for i := range uint32(size.Items) {
				workload.PutDigits(digits, i)
				want := "x" + string(workload.AppendValue(nil, i, size.ValueSize))
				if v, ok := s.Get([]byte("x"), key); !ok || string(v) != want {
					t.Fatalf("Get(%s) = %q, %t, want %q", key, v, ok, want)
				}
			}
			workload.PutDigits(digits, 99_999_999)
			if v, ok := s.Get(nil, key); ok {
				t.Errorf("Get of a key never stored = %q", v)
			}
		})
	}
}

func TestMeasure(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	kind, err := Find("map")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Measure(kind, Size{Items: 50_000, ValueSize: 100}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if f.RSSPerItem < 100 || f.RSSPerItem > 1000 || f.Insert <= 0 || f.Get <= 0 || f.GC <= 0 || f.SetAllocs < 1.9 {
		t.Errorf("figures %+v, want about 200 bytes per item and two allocations per Set", f)
	}
}

// forgetful answers every other Get with nothing.
type forgetful struct {
	Store
	n int
}

func (s *forgetful) Get(dst, key []byte) ([]byte, bool) {
	if s.n++; s.n%2 == 0 {
		return dst, false
	}
	return s.Store.Get(dst, key)
}

func TestMeasureRefusesMisses(t *testing.T) {
	kind := Kind{Name: "forgetful", New: func(size Size) (Store, error) {
		s, err := newMap(size)
		return &forgetful{Store: s}, err
	}}
	if f, err := Measure(kind, Size{Items: 100, ValueSize: 10}, 100); err == nil {
		t.Errorf("figures %+v of a store that forgets, want an error", f)
	}
}

func TestFind(t *testing.T) {
	if _, err := Find("none"); err == nil {
		t.Error("no error for an unknown store")
	}
}

func BenchmarkGet(b *testing.B) {
	size := Size{Items: 10_000, KeySize: workload.Users().KeySize(), ValueSize: 100}
	for _, kind := range Kinds() {
		b.Run(fmt.Sprintf("%s/%d", kind.Name, size.Items), func(b *testing.B) {
			s, err := kind.New(size)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			key, value := workload.Users().Append(nil, 0), make([]byte, size.ValueSize)
			for i := range uint32(size.Items) {
				workload.PutDigits(key[len(workload.Users().Prefix):], i)
				_ = s.Set(key, value)
			}
			choice, buf := workload.NewUniform(uint32(size.Items), 1), make([]byte, 0, 100)
			for b.Loop() {
				workload.PutDigits(key[len(workload.Users().Prefix):], choice.Next())
				if _, ok := s.Get(buf[:0], key); !ok {
					b.Fatal("miss")
				}
			}
		})
	}
}
