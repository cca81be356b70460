package secretlike

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// harmless draws what a stack is full of and what is no secret.
func harmless() *rapid.Generator[string] {
	word := rapid.SampledFrom(strings.Fields("prefect postgres server redis messaging worker default ReadOnly flows retention_days nginxUnprivileged GatewayMode ipv4 I18N cleanup-queue HTTP2 x86_64 oauth2 utf8 base64Encoder Sha256Sum v2beta1"))
	number := rapid.IntRange(0, 99999)
	version := rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("%d.%d.%d%s", number.Draw(t, "major"), number.Draw(t, "minor"), number.Draw(t, "patch"), rapid.SampledFrom([]string{"", "-rc.1", "-python3.13", "+build.5", "-alpine3.22", "-bookworm"}).Draw(t, "suffix"))
	})
	hump := rapid.SampledFrom(strings.Fields("Read Only Flow Prefect Server Log Level UI API HTTP Postgres Timeout"))
	name := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(word, 1, 5).Draw(t, "words"), rapid.SampledFrom([]string{"-", "_", "."}).Draw(t, "divider"))
		}),
		rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(hump, 1, 6).Draw(t, "humps"), "") + rapid.SampledFrom([]string{"", "2", "V2", "18"}).Draw(t, "number")
		}),
	)
	path := rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"/", "./", "~/", ""}).Draw(t, "root") + strings.Join(rapid.SliceOfN(name, 1, 6).Draw(t, "parts"), "/") + rapid.SampledFrom([]string{"", ".py", ".conf", ".tar.gz"}).Draw(t, "extension")
	})
	host := rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("%s%s", rapid.SampledFrom([]string{"prefect.corp.net", "10.213.1.7", "localhost", "[2001:db8::1]"}).Draw(t, "host"), rapid.SampledFrom([]string{"", ":8443", ":5000"}).Draw(t, "port"))
	})
	inHex := func(bytes int) *rapid.Generator[string] {
		return rapid.Map(rapid.SliceOfN(rapid.Byte(), bytes, bytes), func(b []byte) string { return hex.EncodeToString(b) })
	}
	return rapid.OneOf(
		version, name, path,
		rapid.Map(rapid.Int64Range(0, int64(1000*time.Hour)), func(n int64) string { return time.Duration(n).String() }),
		rapid.Map(number, func(n int) string { return fmt.Sprintf("P%dDT%dH", n, n%24) }),
		rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"https://", "http://", "redis://", "tcp://", "ssh://me@", "postgresql+asyncpg://prefect@"}).Draw(t, "scheme") + host.Draw(t, "host") + "/" + strings.TrimLeft(path.Draw(t, "path"), "./~") + "?a=1"
		}),
		rapid.Custom(func(t *rapid.T) string {
			return host.Draw(t, "registry") + "/" + strings.ToLower(name.Draw(t, "image")) + ":" + strings.ReplaceAll(version.Draw(t, "tag"), "+", "-") + rapid.SampledFrom([]string{"", "@sha256:" + strings.Repeat("0f3a", 16)}).Draw(t, "digest")
		}),
		rapid.Map(inHex(32), func(h string) string { return "sha256:" + h }),
		rapid.Map(inHex(20), func(h string) string { return "commit " + h }),
		rapid.Custom(func(t *rapid.T) string {
			return "prefect-dev-" + name.Draw(t, "role") + "-files-" + inHex(8).Draw(t, "hash")
		}),
		rapid.Map(inHex(16), func(h string) string { return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-") }),
		rapid.Map(rapid.Int64Range(0, 4e9), func(n int64) string { return time.Unix(n, 0).UTC().Format(time.RFC3339) }),
		rapid.Map(rapid.Int64Range(0, 4e9), func(n int64) string { return time.Unix(n, 0).UTC().Format(time.DateOnly) }),
		rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("%d.%d.%d.0/%d,2001:db8:%x::/48", number.Draw(t, "a")%256, number.Draw(t, "b")%256, number.Draw(t, "c")%256, number.Draw(t, "bits")%33, number.Draw(t, "d")%65536)
		}),
		rapid.Custom(func(t *rapid.T) string {
			return "github.com/pulumi/" + name.Draw(t, "module") + "/sdk/v4@v" + version.Draw(t, "version")
		}),
	)
}

func TestText_LetsHarmlessValuesPass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := harmless().Draw(t, "value")
		for _, text := range []string{value, "--option=" + value, "see " + value + " and " + value, `{"setting": "` + value + `"}`} {
			if what := Text(text); what != "" {
				t.Fatalf("%q is taken for %s", text, what)
			}
			if what := Code(text); what != "" {
				t.Fatalf("%q in a file is taken for %s", text, what)
			}
		}
		if what := Named("PREFECT_SETTING", value); what != "" {
			t.Fatalf("%q as a variable is taken for %s", value, what)
		}
		if what := Arguments([]string{"run", "--to", value, value}); what != "" {
			t.Fatalf("%q as an argument is taken for %s", value, what)
		}
	})
}

func TestText_FindsEveryConnectionURLOfARandomPassword(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.StringMatching(`[ -~]{1,40}`).Filter(func(s string) bool { return !stands(s) && !stands(url.UserPassword("u", s).String()[2:]) }).Draw(t, "password")
		at := url.URL{Scheme: "postgresql+asyncpg", User: url.UserPassword("prefect", password), Host: "postgres:5432", Path: "/prefect"}
		if Text(at.String()) == "" {
			t.Fatalf("%s is let pass", at.String())
		}
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("prefect:"+password))
		if len(password) > 2 && Text("Authorization: "+basic) == "" {
			t.Fatalf("%s is let pass", basic)
		}
	})
}

func TestText_FindsNearlyEveryGeneratedPassword(t *testing.T) {
	const runs = 2000
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" // those of credential.New
	chance := rand.New(rand.NewPCG(1, 2))
	missed := 0
	for range runs {
		var password strings.Builder
		for range 32 {
			password.WriteByte(characters[chance.IntN(len(characters))])
		}
		if Text(password.String()) == "" {
			missed++
		}
	}
	if missed > runs/20 {
		t.Errorf("%d of %d are let pass", missed, runs)
	}
}

func TestText_EndsOnEveryText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune(`=:/@"' -pasword%41${}`)))).Draw(t, "text")
		for name, look := range map[string]func() any{
			"Code":      func() any { return Code(text) },
			"Text":      func() any { return Text(text) },
			"Named":     func() any { return Named(text, text) },
			"Arguments": func() any { return Arguments(strings.Fields(text)) },
			"Script":    func() any { return Script(text) },
		} {
			if first, second := look(), look(); first != second {
				t.Fatalf("%s answers %v, then %v", name, first, second)
			}
		}
	})
}
