//go:build e2e

package e2e

import (
	"testing"
	"time"
)

// pollEvery is how often Await looks.
const pollEvery = 200 * time.Millisecond

// Await calls done until it returns nil, and fails the test with its last error after the given time. It returns how long it took.
func Await(t *testing.T, within time.Duration, what string, done func() error) time.Duration {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := done()
		if err == nil {
			return time.Since(start)
		}
		if time.Since(start) > within {
			t.Fatalf("waited %s for %s: %v", within, what, err)
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("test ended while waiting for %s: %v", what, err)
		}
	}
}
