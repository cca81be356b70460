package dsn

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

var printableASCII = &unicode.RangeTable{R16: []unicode.Range16{{Lo: ' ', Hi: '~', Stride: 1}}, LatinOffset: 1}

// sqlAlchemyURL splits a URL in the way of SQLAlchemy 2 (sqlalchemy/engine/url.py, _parse_url): everything up to the last "@" before a slash, a password without "@".
var sqlAlchemyURL = regexp.MustCompile(`^(?P<name>[\w+]+)://(?:(?P<user>[^:/]*)(?::(?P<password>[^@]*))?@)?(?P<host>[^/:?]+)?(?::(?P<port>[^/?]*))?(?:/(?P<database>[^?]*))?`)

// libpqURL takes a URI apart as libpq does (fe-connect.c, conninfo_uri_parse_options): user information only before the first slash, password up to the first "@".
func libpqURL(uri string) (user, password, host string, ok bool) {
	_, rest, _ := strings.Cut(uri, "://")
	authority, _, _ := strings.Cut(rest, "/")
	credentials, host, ok := strings.Cut(authority, "@")
	if !ok {
		return "", "", "", false
	}
	user, password, _ = strings.Cut(credentials, ":")
	password, err := url.PathUnescape(password)
	return user, password, host, err == nil
}

func target(password string) Target {
	return Target{Scheme: AsyncPG, User: "prefect_a", Password: password, Host: "postgres", Port: 5432, Database: "prefect"}
}

func TestURL_KeepsAnyPrintablePassword(t *testing.T) {
	printable := rapid.StringOfN(rapid.RuneFrom(nil, printableASCII), 1, 64, -1)
	rapid.Check(t, func(t *rapid.T) {
		assertKept(t, printable.Draw(t, "password"))
	})
}

func TestURL_KeepsEachPrintableCharacter(t *testing.T) {
	for c := ' '; c <= '~'; c++ {
		assertKept(t, "before"+string(c)+"after")
	}
}

type failer interface {
	Fatalf(format string, args ...any)
}

func assertKept(t failer, password string) {
	got := target(password).URL()

	part := sqlAlchemyURL.FindStringSubmatch(got)
	if part == nil {
		t.Fatalf("SQLAlchemy would refuse %q", got)
	}
	read, err := url.PathUnescape(part[sqlAlchemyURL.SubexpIndex("password")])
	if err != nil || read != password {
		t.Fatalf("SQLAlchemy reads password %q as %q (%v)", password, read, err)
	}
	if host := part[sqlAlchemyURL.SubexpIndex("host")]; host != "postgres" {
		t.Fatalf("SQLAlchemy reads the host as %q: the password leaked into it", host)
	}

	user, read, host, ok := libpqURL(got)
	if !ok || user != "prefect_a" || read != password || host != "postgres:5432" {
		t.Fatalf("libpq reads %q as user %q, password %q, host %q", got, user, read, host)
	}

	parsed, err := url.Parse(got)
	if err != nil {
		t.Fatalf("net/url refuses %q: %v", got, err)
	}
	if read, _ := parsed.User.Password(); read != password {
		t.Fatalf("net/url reads password %q as %q", password, read)
	}
}

func TestURL_EscapesTheSignThatBrokeTheGuide(t *testing.T) {
	got := Target{Scheme: AsyncPG, User: "prefect_admin", Password: "p@ssword!", Host: "postgres", Port: 5432, Database: "prefect_prod"}.URL()
	want := "postgresql+asyncpg://prefect_admin:p%40ssword%21@postgres:5432/prefect_prod"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
