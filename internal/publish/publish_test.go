package publish

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

const (
	report  = "## Preview of `prod`: fine\n<!-- prefect-platform preview prod -->\n\nfirst\n"
	another = "## Preview of `dev`: fine\n<!-- prefect-platform preview dev -->\n"
)

// server keeps texts as a host does, far enough for what this package asks of it.
type server struct {
	*httptest.Server
	t      *testing.T
	texts  []map[string]any
	writes []string
}

// newServer begins with texts that are not to be touched: a stranger's with the same mark, and more than one page of chatter.
func newServer(t *testing.T, author, field string) *server {
	s := &server{t: t}
	for i := range 120 {
		s.texts = append(s.texts, text(i+1, "somebody", 7, field, fmt.Sprintf("chatter %d", i)))
	}
	s.texts[3] = text(4, "mallory", 666, field, report)
	s.texts[5] = text(6, author, 42, field, another)
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func text(id int, author string, number int, field, body string) map[string]any {
	return map[string]any{"id": id, "number": id, "iid": id, field: body, "user": map[string]any{"login": author}, "author": map[string]any{"id": number}}
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer token" && r.Header.Get("PRIVATE-TOKEN") != "token" {
		http.Error(w, `{"message": "who are you?"}`, http.StatusUnauthorized)
		return
	}
	if r.URL.Path == "/user" {
		_ = json.NewEncoder(w).Encode(map[string]any{"id": 42})
		return
	}
	if r.Method == http.MethodGet {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
		begin, end := min((page-1)*size, len(s.texts)), min(page*size, len(s.texts))
		_ = json.NewEncoder(w).Encode(s.texts[begin:end])
		return
	}
	var sent map[string]any
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		s.t.Error(err)
	}
	s.writes = append(s.writes, r.Method+" "+r.URL.Path)
	if r.Method == http.MethodPost {
		made := text(len(s.texts)+1, "github-actions[bot]", 42, "body", "")
		s.texts = append(s.texts, made)
	}
	last := s.texts[len(s.texts)-1]
	for name, value := range sent {
		last[name] = value
	}
	_, _ = w.Write([]byte("{}"))
}

func (s *server) github() Host {
	return GitHub{API: s.URL, Repository: "acme/flows", Token: "token", Author: "github-actions[bot]", Number: 12}
}

func (s *server) gitlab() Host {
	return GitLab{API: s.URL, Project: "77", Token: "token", MergeRequest: "12"}
}

func TestComment_IsOneAndIsKeptUpToDate(t *testing.T) {
	for name, want := range map[string][]string{
		"github": {"POST /repos/acme/flows/issues/12/comments", "PATCH /repos/acme/flows/issues/comments/121", "PATCH /repos/acme/flows/issues/comments/121"},
		"gitlab": {"POST /projects/77/merge_requests/12/notes", "PUT /projects/77/merge_requests/12/notes/121", "PUT /projects/77/merge_requests/12/notes/121"},
	} {
		s := newServer(t, "github-actions[bot]", "body")
		host := map[string]Host{"github": s.github(), "gitlab": s.gitlab()}[name]
		for i := range 3 {
			if err := host.Comment(t.Context(), report+strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(s.writes, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("%s wrote\n%s", name, got)
		}
		if got := s.texts[120]["body"]; got != report+"2" {
			t.Errorf("%s: the comment says %q", name, got)
		}
		if s.texts[3]["body"] != report || s.texts[5]["body"] != another {
			t.Errorf("%s wrote over somebody else's comment", name)
		}
	}
}

func TestIssue_IsOneAndIsKeptUpToDate(t *testing.T) {
	for name, want := range map[string][]string{
		"github": {"POST /repos/acme/flows/issues", "PATCH /repos/acme/flows/issues/121"},
		"gitlab": {"POST /projects/77/issues", "PUT /projects/77/issues/121"},
	} {
		s := newServer(t, "github-actions[bot]", map[string]string{"github": "body", "gitlab": "description"}[name])
		host := map[string]Host{"github": s.github(), "gitlab": s.gitlab()}[name]
		for range 2 {
			if err := host.Issue(t.Context(), "Drift of prod", report); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(s.writes, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("%s wrote\n%s", name, got)
		}
	}
}

func TestComment_SaysWhatTheHostSaid(t *testing.T) {
	s := newServer(t, "x", "body")
	for _, host := range []Host{GitHub{API: s.URL, Repository: "a/b", Token: "wrong", Number: 1}, GitLab{API: s.URL, Project: "1", Token: "wrong", MergeRequest: "1"}} {
		err := host.Comment(t.Context(), report)
		if err == nil || !strings.Contains(err.Error(), "401") || !strings.Contains(err.Error(), "who are you?") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%v", err)
		}
	}
	if err := s.github().Comment(t.Context(), "no mark"); err == nil || !strings.Contains(err.Error(), "no mark such as") {
		t.Errorf("%v", err)
	}
}
