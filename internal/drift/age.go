package drift

import (
	"fmt"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/rotation"
	"prefect-platform/internal/tokens"
)

const day = 24 * time.Hour

// Note is something to know that is no drift.
type Note struct {
	// Subject is as in Finding; "stack" for what concerns all of it.
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Notes tell how old certificates and credentials are, whether or not one is due, and what is not known of them.
func Notes(recorded Recorded, now time.Time) []Note {
	var notes []Note
	if !recorded.runs() {
		notes = append(notes, Note{"stack", "no container is recorded: it is down, or was never up (" + recorded.Command("up") + ")"})
	}
	for _, each := range recorded.certificates() {
		notes = append(notes, Note{each.subject, fmt.Sprintf("ends %s, %s", date(each.ends), left(each.ends, now))})
	}
	for _, each := range recorded.credentials() {
		notes = append(notes, Note{each.subject(), each.describe(now)})
	}
	return notes
}

func (r Recorded) runs() bool {
	for _, each := range r.State.Resources() {
		if each.Type() == tokens.Container {
			return true
		}
	}
	return false
}

func (r Recorded) ages(now time.Time) []Finding {
	var findings []Finding
	for _, each := range r.certificates() {
		if kind := each.judge(now); kind != "" {
			findings = append(findings, Finding{
				kind, each.subject, "", fmt.Sprintf("ends %s, due in its last %d days", date(each.ends), each.window), left(each.ends, now), each.next,
			})
		}
	}
	for _, each := range r.credentials() {
		findings = append(findings, each.judge(r, now)...)
	}
	return findings
}

// certificate is one with the time in which it is to be followed by another.
type certificate struct {
	subject      string
	ends         time.Time
	window       int // days
	due, expired Kind
	next         string
}

func (c certificate) judge(now time.Time) Kind {
	switch {
	case !now.Before(c.ends):
		return c.expired
	case c.ends.Sub(now) <= time.Duration(c.window)*day:
		return c.due
	default:
		return ""
	}
}

// certificates are those in use: an authority of the stack's own serves nobody while a certificate is provided, nor when another one has followed it.
func (r Recorded) certificates() []certificate {
	switch r.Config.TLS.Mode {
	case config.Provided:
		return r.provided()
	case config.ACMEMode:
		return nil // the state knows nothing of it; monitoring does
	}
	var all []certificate
	for _, each := range r.State.Resources() {
		ends := each.Ends()
		switch {
		case ends.IsZero() || each.Replaced():
		case each.Type() == tokens.LocallySignedCert:
			all = append(all, certificate{"certificate/" + each.Name(), ends, r.Config.TLS.RenewalDays, CertificateDue, CertificateExpired, r.Command("up")})
		case each.Type() == tokens.SelfSignedCert && each.Name() == tokens.Authority(r.Config.Rotation.CA.Active, r.Config.Rotation.CA.Generation()):
			next := fmt.Sprintf("%s (every client needs the new one: %s)", r.Command("rotate --keep "+rotation.CA), r.Command("credentials"))
			all = append(all, certificate{"authority/" + each.Name(), ends, AuthorityDueDays, AuthorityDue, AuthorityExpired, next})
		}
	}
	return all
}

func (r Recorded) provided() []certificate {
	leaf, err := r.Config.TLS.Leaf()
	if err != nil {
		return nil
	}
	next := fmt.Sprintf(`%s "$(cat chain.pem)" && pulumi config set --stack %s --secret %s:tlsKey < key.pem && %s`, r.set("tls.certificate"), r.Stack, config.Namespace, r.Command("up"))
	return []certificate{{"certificate/provided", leaf.NotAfter, r.Config.TLS.RenewalDays, CertificateDue, CertificateExpired, next}}
}

// set begins a command that gives a key a value.
func (r Recorded) set(key string) string {
	return fmt.Sprintf("pulumi config set --stack %s --path %s:%s", r.Stack, config.Namespace, key)
}

func date(at time.Time) string { return at.UTC().Format(time.DateOnly) }

func left(ends, now time.Time) string {
	if !now.Before(ends) {
		return fmt.Sprintf("ended %d days ago", days(now.Sub(ends)))
	}
	return fmt.Sprintf("%d days left", days(ends.Sub(now)))
}

func days(d time.Duration) int { return int(d / day) }
