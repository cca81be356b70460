// Package publish puts a report where the people who review a change look for it: one comment that is kept up to date, and an issue that is open as long as something
// is wrong. It talks to the programming interfaces of GitHub and GitLab directly, so that a pipeline needs no other tool.
package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Host is where the project is.
type Host interface {
	// Comment writes the report under the change, or over the report that is there already.
	Comment(ctx context.Context, report string) error
	// Issue opens an issue with the report, or brings the one that is open up to date.
	Issue(ctx context.Context, title, report string) error
}

var mark = regexp.MustCompile(`<!-- prefect-platform [A-Za-z0-9 ._-]+ -->`)

// Mark is the first mark in a report, by which what was written before is found.
func Mark(report string) (string, error) {
	if found := mark.FindString(report); found != "" {
		return found, nil
	}
	return "", errors.New("the report has no mark such as <!-- prefect-platform preview prod -->")
}

// caller sends requests with a credential.
type caller struct {
	base    string // without a slash at the end
	headers map[string]string
}

// most is how much of an answer is read. A page of 100 comments of 65,536 characters is smaller.
const most = 64 << 20

// call sends a request and decodes the answer, unless into is nil.
func (c caller) call(ctx context.Context, method, path string, send, into any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var body io.Reader
	if send != nil {
		text, err := json.Marshal(send)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %.300s", method, path, answer.Status, strings.TrimSpace(string(text)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// pages is how many pages of 100 are looked through for an earlier report.
const pages = 30

// find looks through pages of what a path lists, newest or oldest first as the host has it, and returns the first item that is wanted.
func find[T any](ctx context.Context, c caller, path string, query url.Values, wanted func(T) bool) (found T, ok bool, err error) {
	for page := 1; page <= pages; page++ {
		query.Set("per_page", "100")
		query.Set("page", fmt.Sprint(page))
		var items []T
		if err := c.call(ctx, http.MethodGet, path+"?"+query.Encode(), nil, &items); err != nil {
			return found, false, err
		}
		for _, item := range items {
			if wanted(item) {
				return item, true, nil
			}
		}
		if len(items) < 100 {
			break
		}
	}
	return found, false, nil
}
