package main

import "testing"

func TestJudge(t *testing.T) {
	for out, want := range map[string]result{
		"--- FAIL: TestA (0.1s)\n    --- FAIL: TestA/b (0.1s)\nFAIL":                                              {kind: noticed, who: "`TestA/b`"},
		"--- FAIL: TestA (0.1s)\npanic: test timed out after 1s\n\trunning tests:\n\t\tTestHang (1s)":             {kind: noticed, who: "`TestA`"},
		"panic: test timed out after 1s\n\trunning tests:\n\t\tTestHang (1s)\n\npkg.TestHang()\nFAIL\tpkg\t1.01s": {kind: hung, who: "`TestHang`"},
		"panic: test timed out after 1s": {kind: hung, who: "a test"},
		"fatal error: x\ngithub.com/gogibson/gibson/cache.TestX(0x1)\nFAIL\tgithub.com/gogibson/gibson/cache\t0.01s": {kind: noticed, who: "`TestX`, which crashes"},
		"SIGSEGV: segmentation violation":                                {kind: noticed, who: "a crash"},
		"PASS\ngoleak: Errors on successful test run\nFAIL\tpkg\t0.012s": {kind: noticed, who: "the end of the test program"},
		"signal: killed\nFAIL\tpkg\t10.012s\nFAIL":                       {kind: unclear},
		"FAIL\tpkg [build failed]\nFAIL":                                 {kind: unclear},
		"go: writing go.mod: no space left on device":                    {kind: unclear},
	} {
		if got := judge(out); got != want {
			t.Errorf("judge(%q) = %+v, want %+v", out, got, want)
		}
	}
}
