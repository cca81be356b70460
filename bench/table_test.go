package main

import (
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	vegeta "github.com/tsenart/vegeta/v12/lib"
)

func TestTable_AlignsItsFigures(t *testing.T) {
	figures := &table{}
	figures.took("up", 1250*time.Millisecond)
	figures.add("memory of all", "%d MiB", 500)
	lines := strings.Split(strings.TrimSpace(figures.String()), "\n")
	if len(lines) != 3 || strings.Index(lines[1], "1.2 s") != strings.Index(lines[2], "500 MiB") || !strings.Contains(lines[1], "1.2 s") {
		t.Errorf("printed\n%s", figures)
	}
}

func TestMedian_IsNotMovedByOneSlowRun(t *testing.T) {
	if got := median([]time.Duration{3 * time.Second, time.Minute, 2 * time.Second}); got != 3*time.Second {
		t.Errorf("median %s, want 3 s", got)
	}
}

func TestInUse_LeavesOutTheCache(t *testing.T) {
	const mib = 1 << 20
	for name, stats := range map[string]container.MemoryStats{
		"cgroup 2": {Usage: 150 * mib, Stats: map[string]uint64{"inactive_file": 50 * mib}},
		"cgroup 1": {Usage: 150 * mib, Stats: map[string]uint64{"inactive_file": 1, "total_inactive_file": 50 * mib}},
	} {
		if got := inUse(stats); got != 100 {
			t.Errorf("%s: %.1f MiB, want 100", name, got)
		}
	}
}

func TestSummary_CountsFailuresAndTheTimeOfAllTurns(t *testing.T) {
	var m vegeta.Metrics
	for i := range 240 {
		code := uint16(200)
		if i < 3 {
			code = 502
		}
		m.Add(&vegeta.Result{Code: code, Latency: time.Duration(i+1) * time.Millisecond, Timestamp: time.Now()})
	}
	got := summary(&m, 24*time.Second)
	if got.Requests != 240 || got.Failed != 3 || got.PerSecond != 10 || got.P99 < 230*time.Millisecond {
		t.Errorf("summary %+v, want 240 requests, 3 failed, 10 a second", got)
	}
}
