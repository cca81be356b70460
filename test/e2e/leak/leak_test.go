package leak

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"
)

const hostile = `p@ss:w/o#r?d%&+=[x]"'\<>`

func needles(t *testing.T, secrets map[string]string) *Needles {
	t.Helper()
	n, err := NewNeedles(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFind_KnowsEverySpellingOfASecret(t *testing.T) {
	n := needles(t, map[string]string{"database password": hostile})
	inJSON, err := json.Marshal(map[string]string{"url": hostile})
	if err != nil {
		t.Fatal(err)
	}
	nested, err := json.Marshal(string(inJSON))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"plain":           "password = " + hostile + "\n",
		"JSON":            string(inJSON),
		"JSON in JSON":    string(nested),
		"SQL":             "PASSWORD '" + strings.ReplaceAll(hostile, "'", "''") + "'",
		"URL":             (&url.URL{Scheme: "postgresql", User: url.UserPassword("prefect_a", hostile), Host: "postgres"}).String(),
		"query":           url.Values{"password": {hostile}}.Encode(),
		"Basic header":    "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("prefect:"+hostile)),
		"base64 for URLs": base64.URLEncoding.EncodeToString([]byte("prefect:" + hostile)),
	} {
		if !n.Holds([]byte(text)) {
			t.Errorf("not found as %s: %s", name, text)
		}
	}
}

func TestFind_KnowsBase64BehindAnyUserName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[ -~]{16,40}`).Draw(t, "secret")
		before := rapid.StringMatching(`[ -~]{0,12}`).Draw(t, "before")
		after := rapid.StringMatching(`[ -~]{0,12}`).Draw(t, "after")
		n, err := NewNeedles(map[string]string{"s": secret})
		if err != nil {
			t.Fatal(err)
		}
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding} {
			if text := encoding.EncodeToString([]byte(before + secret + after)); !n.Holds([]byte(text)) {
				t.Fatalf("not found in %s", text)
			}
		}
	})
}

// pemFiles returns one key in the formats that Pulumi's tls provider exports, and its public half.
func pemFiles(t *testing.T) (private map[string]string, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	private = map[string]string{"SEC 1": encode("EC PRIVATE KEY", sec1, err)}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	private["PKCS 8"] = encode("PRIVATE KEY", pkcs8, err)
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	private["OpenSSH"] = string(pem.EncodeToMemory(block))
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	return private, encode("PUBLIC KEY", spki, err)
}

func TestFind_KnowsAPrivateKeyByItsSecretPart(t *testing.T) {
	private, public := pemFiles(t)
	for format, file := range private {
		n := needles(t, map[string]string{"key": file})
		for _, text := range []string{file, strings.ReplaceAll(file, "\n", "\r\n"), strings.ReplaceAll(file, "\n", `\n`)} {
			if !n.Holds([]byte(text)) {
				t.Errorf("%s: not found in %q", format, text)
			}
		}
		if n.Holds([]byte(public)) {
			t.Errorf("%s: found in the public key", format)
		}
		lines := strings.Split(strings.TrimSpace(file), "\n")
		if publicPart := lines[len(lines)-2]; n.Holds([]byte(publicPart)) && format != "OpenSSH" {
			t.Errorf("%s: takes the public part for secret: %s", format, publicPart)
		}
	}
}

func TestFind_NamesTheSecretAndNotItsValue(t *testing.T) {
	found := needles(t, map[string]string{"api password": hostile}).Find("log of nginx", []byte("x "+hostile+" y"))
	if len(found) == 0 {
		t.Fatal("found nothing")
	}
	for _, f := range found {
		if text := f.String(); strings.Contains(text, hostile) || !strings.Contains(text, "log of nginx shows api password") {
			t.Errorf("finding %q", text)
		}
	}
}

func TestFind_KnowsWhatIsDerivedFromASecret(t *testing.T) {
	n := needles(t, nil)
	for _, text := range []string{
		"PASSWORD 'SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$" + strings.Repeat("A", 43) + "=:" + strings.Repeat("B", 43) + "='",
		"prefect:$5$rounds=1000$abcdefghijklmnop$" + strings.Repeat("x", 43),
		"prefect:$1$abcdefgh$" + strings.Repeat("x", 22),
		"-----BEGIN PRIVATE KEY-----",
		"postgresql+asyncpg://prefect_a:longenough1@postgres:5432/prefect",
	} {
		if len(n.Find("x", []byte(text))) != 1 {
			t.Errorf("not found: %s", text)
		}
	}
	for _, harmless := range []string{
		"SCRAM-SHA-256 authentication", "password_encryption = scram-sha-256", "-----BEGIN CERTIFICATE-----", "postgresql://postgres:5432/prefect",
		"http://prefect-api:4200/api", "redis://:********@redis:6379/1", "sha256:9e266222a1bf9e266222a1bf", "map $host $crt { default x; }", "$1$2",
	} {
		if found := n.Find("x", []byte(harmless)); len(found) > 0 {
			t.Errorf("%s: %v", harmless, found)
		}
	}
}

func TestNewNeedles_RefusesATextTooCommonToSearchFor(t *testing.T) {
	if _, err := NewNeedles(map[string]string{"user": "prefect"}); err == nil || strings.Contains(err.Error(), "prefect ") {
		t.Errorf("error %v", err)
	}
}
