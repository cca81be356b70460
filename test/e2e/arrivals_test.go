//go:build e2e

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"prefect-platform/test/e2e/load"
)

// certificateWithin is how long the edge may go on with a certificate that was replaced: nginx looks after 10 seconds.
const certificateWithin = 20 * time.Second

// arrivalRate is how many new clients come each second.
const arrivalRate = 10

var errStill = errors.New("it is still the one from before")

// arriving connects anew for each request, and trusts nothing but the given authorities.
func arriving(ca string) *http.Transport {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(ca))
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}
}

// startArrivals has new clients come that trust nothing but the given authorities, until expectServed.
func startArrivals(t *testing.T, ca string) *load.Load {
	t.Helper()
	request := stack.Request(t, http.MethodGet, "/api/version", nil)
	running, err := load.Start(load.Plan{
		Rate: arrivalRate, Most: arrivalRate * int(loadLimit/time.Second), Timeout: 30 * time.Second, Transport: arriving(ca),
		Next: func(int) vegeta.Target {
			return vegeta.Target{Method: http.MethodGet, URL: request.URL.String(), Header: request.Header.Clone()}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { running.Stop() })
	return running
}

// arrive is one such client.
func arrive(t *testing.T, ca string) (status int, err error) {
	t.Helper()
	answer, err := (&http.Client{Transport: arriving(ca), Timeout: 10 * time.Second}).Do(stack.Request(t, http.MethodGet, "/api/version", nil))
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// shown is the certificate that the edge shows to a new client now, whoever signed it.
func shown(t *testing.T) *x509.Certificate {
	t.Helper()
	certificate, err := shownAt(edgeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// shownAt fails where no certificate is shown.
func shownAt(address string) (*x509.Certificate, error) {
	connection, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", MinVersion: tls.VersionTLS12})
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }()
	return connection.ConnectionState().PeerCertificates[0], nil
}

func edgeAddress(t *testing.T) string {
	t.Helper()
	return stack.Request(t, http.MethodGet, "/", nil).URL.Host
}

func awaitShown(t *testing.T, certificate string) {
	t.Helper()
	block, _ := pem.Decode([]byte(certificate))
	Await(t, certificateWithin, "the edge to show another certificate", func() error {
		if string(shown(t).Raw) != string(block.Bytes) {
			return errStill
		}
		return nil
	})
}

// makeDue changes what the state says of a certificate, as if its end were near.
func makeDue(t *testing.T, name string) {
	t.Helper()
	text, err := stack.pulumi("stack", "export")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var state map[string]any
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, each := range state["deployment"].(map[string]any)["resources"].([]any) {
		resource := each.(map[string]any)
		if strings.HasSuffix(resource["urn"].(string), "tls:index/locallySignedCert:LocallySignedCert::"+name) {
			resource["outputs"].(map[string]any)["validityEndTime"] = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
			found = true
		}
	}
	if !found {
		t.Fatalf("the state has no certificate %q", name)
	}
	edited, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, edited, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := stack.pulumi("stack", "import", "--file", file); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// withOwnAuthorities lets the stack have its first authority again when the test ends, although the active one is protected.
func withOwnAuthorities(t *testing.T) {
	t.Helper()
	stack.Up(t, withPatience())
	t.Cleanup(func() {
		if out, err := stack.pulumi("state", "unprotect", "--all", "--yes"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func awaitSignedBy(t *testing.T, ca string) {
	t.Helper()
	Await(t, certificateWithin, "a certificate of the new authority", func() error {
		status, err := arrive(t, ca)
		if err == nil && status != http.StatusOK {
			return fmt.Errorf("answered %d", status)
		}
		return err
	})
}
