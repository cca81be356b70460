// Package lock reads who holds the lock of a stack in a backend that is a folder or a bucket, and tells whether that process is gone.
// Pulumi writes such a lock before it changes anything and leaves it behind when it is killed.
package lock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mitchellh/go-ps"
)

// Holder is a process that locked a stack.
type Holder struct {
	PID   int       `json:"pid"`
	User  string    `json:"username"`
	Host  string    `json:"hostname"`
	Since time.Time `json:"timestamp"`
}

func (h Holder) String() string {
	return fmt.Sprintf("%s on %s, process %d, since %s", h.User, h.Host, h.PID, h.Since.Format(time.RFC3339))
}

// created is how Pulumi's error describes each lock (pkg/backend/diy/lock.go).
var created = regexp.MustCompile(`created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)`)

// FromError reads the holders out of what Pulumi says when a stack is locked; none if it says something else.
func FromError(text string) []Holder {
	if !strings.Contains(text, "the stack is currently locked") {
		return nil
	}
	var holders []Holder
	for _, match := range created.FindAllStringSubmatch(text, -1) {
		pid, _ := strconv.Atoi(match[3])
		since, _ := time.Parse(time.RFC3339, match[4])
		holders = append(holders, Holder{PID: pid, User: match[1], Host: match[2], Since: since})
	}
	return holders
}

// FromFolder reads the holders of a stack in a file:// backend.
func FromFolder(backend, project, stack string) ([]Holder, error) {
	folder := filepath.Join(backend, ".pulumi", "locks", "organization", project, stack)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var holders []Holder
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // released just now
		}
		if err != nil {
			return nil, err
		}
		var holder Holder
		if err := json.Unmarshal(text, &holder); err != nil {
			return nil, fmt.Errorf("lock %s: %w", entry.Name(), err)
		}
		holders = append(holders, holder)
	}
	return holders, nil
}

// Stale reports whether every holder ran on this machine and is gone. A holder on another machine may still run.
func Stale(holders []Holder) bool {
	host, err := os.Hostname()
	if err != nil || len(holders) == 0 {
		return false
	}
	for _, h := range holders {
		if h.Host != host || runs(h.PID) {
			return false
		}
	}
	return true
}

// runs looks at the name too, since the number of a process that ended is used again.
func runs(pid int) bool {
	process, err := ps.FindProcess(pid)
	if err != nil {
		return true
	}
	return process != nil && strings.HasPrefix(process.Executable(), "pulumi") && !zombie(pid)
}

// zombie tells a process that has ended and waits to be noticed by its parent: on Linux it has no command line any more.
func zombie(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && len(line) == 0
}
