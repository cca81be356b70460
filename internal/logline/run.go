package logline

import (
	"fmt"
	"regexp"
	"strings"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// RunID returns the id of a flow run as logs write it.
func RunID(text string) (string, error) {
	id := strings.ToLower(text)
	if !uuid.MatchString(id) {
		return "", fmt.Errorf("%q is no id of a flow run, which looks like 0e1c4b0a-9d2f-4c57-8a35-6b1f0d9e7a42: the address of a run in the UI ends with it, and `prefect flow-run ls` lists them", text)
	}
	return id, nil
}

// Names tells whether a line is one of a flow run, or speaks of it.
func Names(text, runID string) bool { return strings.Contains(text, runID) }
