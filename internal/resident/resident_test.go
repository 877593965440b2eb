package resident_test

import (
	"runtime"
	"testing"

	"github.com/gogibson/gibson/internal/resident"
)

func TestSize(t *testing.T) {
	if runtime.GOOS != "linux" {
		if n := resident.Size(); n != 0 {
			t.Errorf("%d bytes on a system that does not say", n)
		}
		return
	}
	before := resident.Size()
	if before < 1<<20 || before > 1<<40 {
		t.Fatalf("%d bytes, want a process's size", before)
	}
	b := make([]byte, 64<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	if after := resident.Size(); after < before+32<<20 {
		t.Errorf("%d bytes after touching 64 MiB more than the %d before", after, before)
	}
	runtime.KeepAlive(b)
}

func TestFiles(t *testing.T) {
	all, files := resident.Size(), resident.Files()
	if runtime.GOOS != "linux" {
		if files != 0 {
			t.Errorf("%d bytes on a system that does not say", files)
		}
		return
	}
	if files < 1<<19 || files >= all {
		t.Errorf("%d bytes of files, want those of this program, and less than all %d", files, all)
	}
	b := make([]byte, 64<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	if after := resident.Files(); after > files+32<<20 {
		t.Errorf("%d bytes of files after touching 64 MiB of memory, %d before", after, files)
	}
	runtime.KeepAlive(b)
}
