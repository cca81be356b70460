//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// Request makes a request for a path of the edge with the credential.
func (s *Stack) Request(t *testing.T, method, path string, body any) *http.Request {
	t.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, content)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(s.User, s.Password)
	request.Header.Set("Content-Type", "application/json")
	return request
}

// API calls a path below /api with the credential and decodes the answer into result, which may be nil; any other status than 2xx fails the test.
func (s *Stack) API(t *testing.T, method, path string, body, result any) {
	t.Helper()
	if err := s.TryAPI(t, method, path, body, result); err != nil {
		t.Fatal(err)
	}
}

// TryAPI is API for use with Await.
func (s *Stack) TryAPI(t *testing.T, method, path string, body, result any) error {
	t.Helper()
	answer, err := s.HTTP.Do(s.Request(t, method, "/api"+path, body))
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}
