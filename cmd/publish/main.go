// Command publish puts a report of `platform preview` or `platform drift` where people look for it, in the pipelines of GitHub and GitLab: the summary of the job, and
// one comment under the change (or, with --issue, one open issue). Without a token that may write, the summary is all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"

	"prefect-platform/internal/publish"
)

func main() {
	issue := flag.String("issue", "", "keep an issue of this title instead of a comment")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	err := run(ctx, flag.Arg(0), *issue)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file, issue string) error {
	if file == "" {
		return errors.New("call it with the file of a report: publish [--issue TITLE] REPORT")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := summarize(text); err != nil {
		return err
	}
	host, where := host(os.Getenv, issue != "")
	switch {
	case host == nil:
		fmt.Println("publish:", where)
		return nil
	case issue != "":
		return host.Issue(ctx, issue, string(text))
	default:
		return host.Comment(ctx, string(text))
	}
}

// summarize adds the report to the job's summary, or to its log where there is none.
func summarize(text []byte) error {
	name := os.Getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		_, err := os.Stdout.Write(text)
		return err
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // the runner names the file
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// actions is whom the token of a job belongs to, and so whose comment is the one to bring up to date.
const actions = "github-actions[bot]"

// host finds out where it runs and whether it may write there; if not, it says why.
func host(get func(string) string, issue bool) (publish.Host, string) {
	switch {
	case get("GITHUB_ACTIONS") == "true":
		number, err := strconv.Atoi(get("PULL_REQUEST"))
		if err != nil && !issue {
			return nil, "no pull request (variable PULL_REQUEST), so the summary is all"
		}
		if get("GITHUB_TOKEN") == "" {
			return nil, "no token that may write (variable GITHUB_TOKEN), so the summary is all"
		}
		return publish.GitHub{API: get("GITHUB_API_URL"), Repository: get("GITHUB_REPOSITORY"), Token: get("GITHUB_TOKEN"), Author: actions, Number: number}, ""
	case get("GITLAB_CI") == "true":
		if get("CI_MERGE_REQUEST_IID") == "" && !issue {
			return nil, "no merge request, so the log is all"
		}
		if get("GITLAB_TOKEN") == "" {
			return nil, "no token that may write (variable GITLAB_TOKEN), so the log is all"
		}
		return publish.GitLab{API: get("CI_API_V4_URL"), Project: get("CI_PROJECT_ID"), Token: get("GITLAB_TOKEN"), MergeRequest: get("CI_MERGE_REQUEST_IID")}, ""
	default:
		return nil, "neither GitHub nor GitLab, so nothing is written there"
	}
}
