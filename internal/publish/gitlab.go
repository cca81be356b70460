package publish

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// GitLab is a project there.
type GitLab struct {
	// API is its address, such as https://gitlab.com/api/v4.
	API string
	// Project is its number.
	Project string
	// Token is a project access token: the job's own may not write notes. Whoever it belongs to is the author of the notes.
	Token string
	// MergeRequest is the number within the project; empty without one.
	MergeRequest string
}

type gitlabText struct {
	ID          int64  `json:"id"`
	Number      int64  `json:"iid"`
	Body        string `json:"body"`
	Description string `json:"description"`
	Author      struct {
		ID int64 `json:"id"`
	} `json:"author"`
}

func (g GitLab) caller() caller {
	return caller{base: strings.TrimSuffix(g.API, "/"), headers: map[string]string{"PRIVATE-TOKEN": g.Token}}
}

// me is the number of the token's user.
func (g GitLab) me(ctx context.Context) (int64, error) {
	var user gitlabText
	err := g.caller().call(ctx, http.MethodGet, "/user", nil, &user)
	return user.ID, err
}

// Comment implements Host.
func (g GitLab) Comment(ctx context.Context, report string) error {
	sign, me, err := g.identify(ctx, report)
	if err != nil {
		return err
	}
	notes := fmt.Sprintf("/projects/%s/merge_requests/%s/notes", url.PathEscape(g.Project), url.PathEscape(g.MergeRequest))
	before, found, err := find(ctx, g.caller(), notes, url.Values{"sort": {"asc"}}, func(t gitlabText) bool { return t.Author.ID == me && strings.Contains(t.Body, sign) })
	if err != nil {
		return err
	}
	body := map[string]string{"body": report}
	if found {
		return g.caller().call(ctx, http.MethodPut, fmt.Sprintf("%s/%d", notes, before.ID), body, nil)
	}
	return g.caller().call(ctx, http.MethodPost, notes, body, nil)
}

// Issue implements Host.
func (g GitLab) Issue(ctx context.Context, title, report string) error {
	sign, me, err := g.identify(ctx, report)
	if err != nil {
		return err
	}
	issues := fmt.Sprintf("/projects/%s/issues", url.PathEscape(g.Project))
	before, found, err := find(ctx, g.caller(), issues, url.Values{"state": {"opened"}}, func(t gitlabText) bool { return t.Author.ID == me && strings.Contains(t.Description, sign) })
	if err != nil {
		return err
	}
	body := map[string]string{"title": title, "description": report}
	if found {
		return g.caller().call(ctx, http.MethodPut, fmt.Sprintf("%s/%d", issues, before.Number), body, nil)
	}
	return g.caller().call(ctx, http.MethodPost, issues, body, nil)
}

func (g GitLab) identify(ctx context.Context, report string) (sign string, me int64, err error) {
	if sign, err = Mark(report); err != nil {
		return "", 0, err
	}
	me, err = g.me(ctx)
	return sign, me, err
}
