package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Machine describes this machine in one line.
func Machine() string {
	model, memory := runtime.GOARCH, ""
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(b), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			model = strings.TrimSpace(strings.TrimLeft(line, "\t :"))
		}
	}
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int64
		if _, err := fmt.Sscanf(string(b), "MemTotal: %d kB", &kib); err == nil {
			memory = fmt.Sprintf(", %d GiB", (kib+1<<19)>>20)
		}
	}
	return fmt.Sprintf("%d × %s%s, %s, %s", runtime.NumCPU(), model, memory, kernel(), runtime.Version())
}

func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS
	}
	release, _, _ := strings.Cut(strings.TrimSpace(string(b)), "-")
	return "Linux " + release
}

// Commit returns the commit of the working directory's repository, with a
// mark if files were changed since. The document of the results is none of them:
// one command writes to it after the other.
func Commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=10", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	commit := strings.TrimSpace(string(out))
	if exec.CommandContext(ctx, "git", "diff", "--quiet", "HEAD", "--", ":(top)", ":(top,exclude)docs/benchmarks.md").Run() != nil {
		commit += "-dirty"
	}
	return commit
}

// Load1 returns the machine's load average over the last minute, "unknown"
// where the system does not tell. A measurement beside other work says so.
func Load1() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

// Head returns the lines that go above every table: what was run, where, when
// and on which commit. load is the load average before the run.
func Head(ctx context.Context, command, load string) string {
	return fmt.Sprintf("- command: `%s`\n- machine: %s\n- commit: %s, %s, load average before the run %s\n",
		command, Machine(), Commit(ctx), time.Now().UTC().Format("2006-01-02"), load)
}
