package gibson

import "testing"

// TestInboxTrust announces a reply at the limit. What is allocated stays near
// what has arrived.
func TestInboxTrust(t *testing.T) {
	in := newInbox(0)
	in.end = copy(in.space(), []byte{6, 0, 0, 0, 0, 0, 4}) // 64 MiB
	for arrived := in.end; arrived < 10<<20; {
		if _, _, ok, err := in.next(); ok || err != nil {
			t.Fatalf("after %d bytes: %v, %v", arrived, ok, err)
		}
		if most := max(2*arrived+inboxSize, inboxTrust); len(in.buf) > most {
			t.Fatalf("after %d bytes: a buffer of %d, want at most %d", arrived, len(in.buf), most)
		}
		n := min(len(in.space()), 50_000)
		in.end += n
		arrived += n
	}
}

// TestInboxExact checks that a reply below inboxTrust gets a buffer of its
// own size at once, which its call may then keep.
func TestInboxExact(t *testing.T) {
	const size = 500_000
	in := newInbox(0)
	in.end = copy(in.space(), []byte{6, 0, 0, size & 0xff, size >> 8 & 0xff, size >> 16, 0})
	for {
		r, n, ok, err := in.next()
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			if len(r.Data) != size || cap(r.Data) != size || len(in.buf) != n {
				t.Errorf("%d bytes, capacity %d, in a buffer of %d", len(r.Data), cap(r.Data), len(in.buf))
			}
			in.start += n
			if !in.lend(r) {
				t.Error("is not lent")
			}
			break
		}
		in.end += len(in.space())
	}
	if len(in.buf) != inboxSize || in.start != in.end {
		t.Errorf("afterwards a buffer of %d with %d in it", len(in.buf), in.end-in.start)
	}
}
