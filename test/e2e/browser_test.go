//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// blocked is what browsers say when a security header is in the way of a page.
var blocked = regexp.MustCompile(`(?i)content.security.policy|refused to|violates|blocked|cross-origin|permissions.policy|mixed content`)

// tracking is where Prefect's interface reports its use to, without a setting against it. That the edge's headers refuse it is meant.
var tracking = regexp.MustCompile(`https://[a-z0-9.-]+\.amplitude\.com/`)

func TestBrowser_ShowsTheRunAndItsLogs(t *testing.T) {
	run := runFromOutside(t, fmt.Sprint(time.Now().UnixNano()))
	page := openBrowser(t)
	t.Cleanup(func() { page.explain(t) })
	start := time.Now()

	if err := chromedp.Run(page.ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(stack.URL+"/")); err != nil {
		t.Fatal(err)
	}
	page.login(t)
	if err := chromedp.Run(page.ctx, chromedp.Navigate(stack.URL+"/v2/runs/flow-run/"+run.Run)); err != nil {
		t.Fatal(err)
	}
	page.awaitText(t, "Completed")
	page.awaitText(t, "square of")
	t.Logf("log in to the run with its logs on screen: %s", time.Since(start).Round(time.Millisecond))

	var picture []byte
	if err := chromedp.Run(page.ctx, chromedp.CaptureScreenshot(&picture)); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(os.TempDir(), "prefect-ui.png")
	if os.Getenv("UPDATE_SCREENSHOT") == "1" {
		target = filepath.Join(stack.clone, "docs", "images", "prefect-ui.png")
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(target, picture, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("screenshot: %s", target)
	if page.challenges() == 0 {
		t.Error("the edge never asked the browser for a credential")
	}
	for _, complaint := range page.complaints() {
		if blocked.MatchString(complaint) && !tracking.MatchString(complaint) {
			t.Errorf("the browser's console says: %s", complaint)
		}
	}
}

// browser is a page of a headless Chromium that trusts the stack's CA.
type browser struct {
	ctx context.Context

	mutex sync.Mutex
	said  []string // errors and warnings on the console
	asked int      // how often the edge wanted a credential
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	home, err := os.MkdirTemp("", "prefect-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeLeft(t, home) })
	trust(t, home)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.UserDataDir(filepath.Join(home, "profile")),
		chromedp.Env("HOME="+home),
	)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closePage := chromedp.NewContext(ctx)
	t.Cleanup(closePage)
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)

	b := &browser{ctx: ctx}
	chromedp.ListenTarget(ctx, b.hear)
	if err := chromedp.Run(ctx, cdplog.Enable(), runtime.Enable(), fetch.Enable().WithHandleAuthRequests(true)); err != nil {
		t.Fatal(err)
	}
	return b
}

// removeLeft removes what the browser had: its helpers outlive it for a moment, and write into its profile until then. Await is not for clean-up, when the test's context has ended.
func removeLeft(t *testing.T, folder string) {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(pollEvery) {
		err := os.RemoveAll(folder)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Error(err)
			return
		}
	}
}

// explain leaves a picture of the page on which a test failed, and what it said.
func (b *browser) explain(t *testing.T) {
	if !t.Failed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), 10*time.Second)
	defer cancel()
	var picture []byte
	var text string
	if err := chromedp.Run(ctx, chromedp.CaptureScreenshot(&picture), chromedp.Evaluate("document.body.innerText", &text)); err != nil {
		t.Log(err)
	}
	file := filepath.Join(os.TempDir(), "prefect-ui-failed.png")
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		t.Log(err)
	}
	t.Logf("%s; the page says %q; console: %q", file, text, b.complaints())
}

// trust makes the certificate database that Chromium reads, with the stack's CA in it: nothing about certificates is ignored.
func trust(t *testing.T, home string) {
	t.Helper()
	database := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(database, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(home, "ca.pem")
	if err := os.WriteFile(file, []byte(stack.CA), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-N", "-d", "sql:" + database, "--empty-password"},
		{"-A", "-d", "sql:" + database, "-n", "e2e", "-t", "C,,", "-i", file},
	} {
		if out, err := exec.Command("certutil", args...).CombinedOutput(); err != nil {
			t.Fatalf("certutil (package libnss3-tools): %v %s", err, out)
		}
	}
}

// hear notes complaints on the console, and answers the edge's question for a credential, as a person would in the browser's own dialog.
func (b *browser) hear(event any) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.LevelError || e.Entry.Source == cdplog.SourceSecurity {
			b.said = append(b.said, fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError {
			for _, argument := range e.Args {
				b.said = append(b.said, "page: "+string(argument.Value)+argument.Description)
			}
		}
	case *runtime.EventExceptionThrown:
		b.said = append(b.said, "exception: "+e.ExceptionDetails.Error())
	case *fetch.EventRequestPaused:
		b.answer(fetch.ContinueRequest(e.RequestID))
	case *fetch.EventAuthRequired:
		b.asked++
		b.answer(fetch.ContinueWithAuth(e.RequestID, &fetch.AuthChallengeResponse{
			Response: fetch.AuthChallengeResponseResponseProvideCredentials, Username: stack.User, Password: stack.Password,
		}))
	}
}

// answer acts outside of the listener, which must not wait.
func (b *browser) answer(action chromedp.Action) {
	go func() { _ = chromedp.Run(b.ctx, action) }()
}

func (b *browser) complaints() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return append([]string{}, b.said...)
}

func (b *browser) challenges() int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.asked
}

// look evaluates a JavaScript expression.
func (b *browser) look(expression string, result any) error {
	return chromedp.Run(b.ctx, chromedp.Evaluate(expression, result))
}

func (b *browser) awaitText(t *testing.T, want string) {
	t.Helper()
	Await(t, 40*time.Second, fmt.Sprintf("%q on the page", want), func() error {
		var shown bool
		if err := b.look(fmt.Sprintf("document.body.innerText.includes(%q)", want), &shown); err != nil || shown {
			return err
		}
		var text string
		_ = b.look("document.body.innerText", &text)
		return fmt.Errorf("the page says %q; console: %q", text, b.complaints())
	})
}

// login fills in Prefect's own form if it appears: with the browser's credential on every request, Prefect may not ask again.
func (b *browser) login(t *testing.T) {
	t.Helper()
	const form, menu = `document.querySelector('input[type=password]') !== null`, `document.querySelector('a[href*="/flows"]') !== null`
	var asked bool
	Await(t, 40*time.Second, "Prefect's page", func() error {
		var inside bool
		if err := b.look(form, &asked); err != nil || asked {
			return err
		}
		if err := b.look(menu, &inside); err != nil || inside {
			return err
		}
		return fmt.Errorf("neither login form nor menu; console: %q", b.complaints())
	})
	t.Logf("Prefect's own login form appeared: %t", asked)
	if !asked {
		return
	}
	if err := chromedp.Run(b.ctx, chromedp.SendKeys(`input[type=password]`, stack.AuthString()+"\r", chromedp.ByQuery)); err != nil {
		t.Fatal(err)
	}
	Await(t, 40*time.Second, "Prefect's menu", func() error {
		var inside bool
		if err := b.look(menu, &inside); err != nil || inside {
			return err
		}
		return fmt.Errorf("no menu; console: %q", b.complaints())
	})
}
