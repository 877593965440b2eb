package value_test

import (
	"math"
	"testing"

	"github.com/gogibson/gibson/internal/value"
)

func TestValue(t *testing.T) {
	tests := []struct {
		name   string
		v      value.Value
		text   string
		number int64
		isNum  bool
	}{
		{"zero", value.Value{}, "", 0, false},
		{"nil", value.Bytes(nil), "", 0, false},
		{"bytes", value.Bytes([]byte("a\x00 b")), "a\x00 b", 0, false},
		{"text that looks like a number", value.Bytes([]byte("42")), "42", 0, false},
		{"number", value.Number(42), "42", 42, true},
		{"number zero", value.Number(0), "0", 0, true},
		{"smallest", value.Number(math.MinInt64), "-9223372036854775808", math.MinInt64, true},
	}
	for _, tc := range tests {
		if got := string(tc.v.Bytes()); got != tc.text {
			t.Errorf("%s: Bytes() = %q, want %q", tc.name, got, tc.text)
		}
		if got := tc.v.String(); got != tc.text {
			t.Errorf("%s: String() = %q, want %q", tc.name, got, tc.text)
		}
		if got := string(tc.v.Append([]byte("before "))); got != "before "+tc.text {
			t.Errorf("%s: Append() = %q, want %q after what was there", tc.name, got, tc.text)
		}
		if n, ok := tc.v.Int64(); n != tc.number || ok != tc.isNum || tc.v.IsNumber() != tc.isNum {
			t.Errorf("%s: Int64() = %d, %v, IsNumber() = %v, want %d, %v", tc.name, n, ok, tc.v.IsNumber(), tc.number, tc.isNum)
		}
	}
}

func TestBytesAliases(t *testing.T) {
	data := []byte("abc")
	if got := value.Bytes(data).Bytes(); &got[0] != &data[0] {
		t.Error("the data was copied")
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 64)
	for _, v := range []value.Value{value.Bytes([]byte("text")), value.Number(math.MinInt64)} {
		if n := testing.AllocsPerRun(100, func() { buf = v.Append(buf[:0]) }); n != 0 {
			t.Errorf("Append of %v: %v allocations, want 0", v, n)
		}
	}
}
