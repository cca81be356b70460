//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The images of the authority, which `lab image pebble challtestsrv` provides.
const (
	pebbleImage  = "ghcr.io/letsencrypt/pebble:2.10.0"
	recordsImage = "ghcr.io/letsencrypt/pebble-challtestsrv:2.10.0"
)

// certificateLife is how long the certificates of the authority are valid.
const certificateLife = 2 * time.Minute

// authority is a Pebble that asks for names and gives certificates on the edge's network.
type authority struct {
	id, network string
	ca, root    string // PEM: of its own server, and of what it signs
	records     string // id of the server of records, where there is one
}

const pebbleConfig = `{"pebble": {
	"listenAddress": "0.0.0.0:14000", "managementListenAddress": "0.0.0.0:15000", "certificate": "/e2e/cert.pem", "privateKey": "/e2e/key.pem",
	"httpPort": 8080, "tlsPort": 5001, "ocspResponderURL": "", "externalAccountBindingRequired": false, "retryAfter": {"authz": 1, "order": 1}, "keyAlgorithm": "ecdsa",
	"profiles": {"default": {"description": "short", "validityPeriod": %d}}
}}`

// edgeHelper is a program that the edge's own tests have beside an authority: servers of names and records, and what fetches a page.
func edgeHelper(t *testing.T, name string) string {
	t.Helper()
	return fileText(t, filepath.Join("../../components/proxy/testdata", name))
}

// startAuthority starts a Pebble that asks a server of names at dns.
func startAuthority(t *testing.T, dns string) *authority {
	t.Helper()
	a := &authority{network: "prefect-" + stack.Name + "-edge"}
	python := stack.Container(t, "api").Config.Image
	if dns == "names:8053" {
		awaitReady(t, Helper{
			Image: python, Command: []string{"python", "/e2e/script.py", "prefect-" + stack.Name + "-nginx"}, Network: a.network, Alias: "names", Files: withScript(nil, edgeHelper(t, "names.py")),
		})
	} else {
		a.network = "prefect-" + stack.Name + "-egress"
		a.records = stack.StartHelper(t, Helper{
			Image: recordsImage, Command: []string{"/app", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""}, Network: a.network, Alias: "records",
		}).id
	}
	var key string
	a.ca, key = selfSignedFor(t, "pebble")
	a.id = stack.StartHelper(t, Helper{
		Image: pebbleImage, Command: []string{"/app", "-config", "/e2e/config.json", "-dnsserver", dns}, Network: a.network, Alias: "pebble",
		Env:   []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0"},
		Files: map[string]string{"/e2e/config.json": fmt.Sprintf(pebbleConfig, int(certificateLife.Seconds())), "/e2e/cert.pem": a.ca, "/e2e/key.pem": key},
	}).id
	a.root = stack.StartHelper(t, Helper{
		Image: python, Command: []string{"python", "/e2e/script.py", "https://pebble:15000/roots/0"}, Network: a.network, Files: withScript(nil, edgeHelper(t, "fetch.py")),
	}).Wait(t)
	return a
}

// awaitReady starts a helper that says when it listens.
func awaitReady(t *testing.T, h Helper) {
	t.Helper()
	helper := stack.StartHelper(t, h)
	Await(t, time.Minute, h.Alias+" to listen", func() error {
		if out, _ := helper.Output(t); !strings.Contains(out, "ready") {
			return fmt.Errorf("it says %q", out)
		}
		return nil
	})
}

// asked makes a stack ask this authority.
func (a *authority) asked(options map[string]any) []Edit {
	options["directory"], options["email"], options["trust"] = "https://pebble:14000/dir", "team@corp.net", a.root
	return []Edit{Set("tls", map[string]any{"mode": "acme", "acme": options}), Set("egress.caCertificates", a.ca)}
}

// startRecords starts a provider of DNS, and returns the password that it wants.
func startRecords(t *testing.T) (password string) {
	t.Helper()
	password = "gJ7rT2mW9qLx4VbN"
	awaitReady(t, Helper{
		Image: stack.Container(t, "api").Config.Image, Command: []string{"python", "/e2e/script.py", password}, Network: "prefect-" + stack.Name + "-egress", Alias: "dns-provider",
		Files: withScript(nil, edgeHelper(t, "provider.py")),
	})
	return password
}
