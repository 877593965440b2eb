package cache

import (
	"bytes"
	"testing"
)

func TestItemLayout(t *testing.T) {
	t.Parallel()
	for _, h := range []header{
		{},
		{encoding: number, accessed: 1, created: 2},
		{encoding: compressed, timed: true, locked: true, accessed: 1<<32 - 1, created: 1<<32 - 2, timer: 1<<32 - 3},
		{timed: true},
	} {
		it := item(make([]byte, h.size(8), 32))
		copy(it.value(), "12345678")
		it.encode(&h)
		copy(it.value(), "12345678")
		if got := it.header(); got != h {
			t.Errorf("header %+v came back as %+v", h, got)
		}
		it.setLocked(!h.locked)
		it.touch(77)
		h.locked, h.accessed = !h.locked, 77
		if h.timed {
			it.setTimer(99)
			h.timer = 99
		}
		if got := it.header(); got != h || !bytes.Equal(it.value(), []byte("12345678")) {
			t.Errorf("after changes: header %+v, want %+v, value %q", got, h, it.value())
		}
		want := headerSize
		if h.timed {
			want += timerSize
		}
		if len(it) != want+8 {
			t.Errorf("the record has %d bytes, want %d", len(it), want+8)
		}
	}
	if headerSize+timerSize > 16 {
		t.Errorf("a header takes %d bytes, want at most 16", headerSize+timerSize)
	}
}
