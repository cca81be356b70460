package publish

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// GitHub is a repository there.
type GitHub struct {
	// API is its address, such as https://api.github.com.
	API string
	// Repository is owner/name.
	Repository string
	Token      string
	// Author is whom the comments belong to. Anybody can write a comment with the mark in it; only the author's own are written over.
	Author string
	// Number is that of the pull request; 0 without one.
	Number int
}

type githubText struct {
	ID     int64  `json:"id"`
	Number int    `json:"number"`
	Body   string `json:"body"`
	User   struct {
		Login string `json:"login"`
	} `json:"user"`
	PullRequest any `json:"pull_request"`
}

func (g GitHub) caller() caller {
	return caller{base: strings.TrimSuffix(g.API, "/") + "/repos/" + g.Repository, headers: map[string]string{
		"Authorization": "Bearer " + g.Token, "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28",
	}}
}

// Comment implements Host.
func (g GitHub) Comment(ctx context.Context, report string) error {
	sign, err := Mark(report)
	if err != nil {
		return err
	}
	c := g.caller()
	list := fmt.Sprintf("/issues/%d/comments", g.Number)
	before, found, err := find(ctx, c, list, url.Values{}, func(t githubText) bool { return g.own(t, sign) })
	if err != nil {
		return err
	}
	body := map[string]string{"body": report}
	if found {
		return c.call(ctx, http.MethodPatch, fmt.Sprintf("/issues/comments/%d", before.ID), body, nil)
	}
	return c.call(ctx, http.MethodPost, list, body, nil)
}

// Issue implements Host.
func (g GitHub) Issue(ctx context.Context, title, report string) error {
	sign, err := Mark(report)
	if err != nil {
		return err
	}
	c := g.caller()
	before, found, err := find(ctx, c, "/issues", url.Values{"state": {"open"}, "creator": {g.Author}}, func(t githubText) bool { return t.PullRequest == nil && g.own(t, sign) })
	if err != nil {
		return err
	}
	body := map[string]string{"title": title, "body": report}
	if found {
		return c.call(ctx, http.MethodPatch, fmt.Sprintf("/issues/%d", before.Number), body, nil)
	}
	return c.call(ctx, http.MethodPost, "/issues", body, nil)
}

func (g GitHub) own(t githubText, sign string) bool {
	return t.User.Login == g.Author && strings.Contains(t.Body, sign)
}
