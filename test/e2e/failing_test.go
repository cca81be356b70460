//go:build e2e

package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
)

// expectRefused wants an `up` to fail with a message that says each of the texts, and everything that ran to run on, unreplaced and serving.
func expectRefused(t *testing.T, says []string, edits ...Edit) {
	t.Helper()
	probe, before := startProbe(t), runningIDs(t)
	out, err := stack.upWith(edits...)
	if err == nil {
		t.Fatalf("up succeeded:\n%s", out)
	}
	for _, text := range says {
		if !strings.Contains(out, text) {
			t.Errorf("the message does not say %q:\n%s", text, out)
		}
	}
	for id, name := range before {
		if runningIDs(t)[id] == "" {
			t.Errorf("%s no longer runs", name)
		}
	}
	expectServed(t, probe)
}

// expectHealed wants the next `up` to succeed without a request lost, and to leave nothing to be done.
func expectHealed(t *testing.T, edits ...Edit) {
	t.Helper()
	probe := startProbe(t)
	start := time.Now()
	out, err := stack.upWith(edits...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("healed in %s", time.Since(start).Round(100*time.Millisecond))
	expectServed(t, probe)
	if err := stack.Healthy(t); err != nil {
		t.Error(err)
	}
	for _, workload := range []string{"postgres", "redis", "api", "services", "nginx", "worker-default"} {
		if n := len(stack.Running(t, workload)); n != 1 {
			t.Errorf("%d containers of %s run, want 1", n, workload)
		}
	}
	if out, err := stack.Preview(t, "--expect-no-changes"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func runningIDs(t *testing.T) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for _, c := range stack.Containers(t, labelRole+"=service") {
		if c.State.Running {
			ids[c.ID] = c.Name
		}
	}
	return ids
}

// healAfter puts the stack back when a test of a failing `up` could not.
func healAfter(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		if out, err := stack.upWith(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func TestFailingUp_AnImageThatIsNotThere(t *testing.T) {
	healAfter(t)
	const image = "prefecthq/prefect:3.8.8-python3.0"
	expectRefused(t, []string{image}, Set("images.override.prefect", image))
	expectHealed(t)
}

func TestFailingUp_AnNginxConfigurationThatIsWrong(t *testing.T) {
	healAfter(t)
	// No configuration value gets past the checks, so the program is built with a mistake.
	stack.buildWith(t, "internal/nginxconf/nginx.conf.tmpl", func(text string) string {
		return strings.Replace(text, "server_tokens off;", "server_tokens off;\n    sever_tokens off;", 1)
	})
	expectRefused(t, []string{`unknown directive "sever_tokens"`}, Set("edge.limits.api.burst", 201))
	stack.buildWith(t, "", nil)
	expectHealed(t)
}

func TestFailingUp_AKeyOfAnotherCertificate(t *testing.T) {
	healAfter(t)
	certificate, _ := selfSigned(t)
	_, key := selfSigned(t)
	expectRefused(t, []string{"tlsKey"}, Set("tls", map[string]any{"mode": "provided", "certificate": certificate}), SetSecret("tlsKey", key))
	expectHealed(t)
}

func TestFailingUp_AMigrationThatFails(t *testing.T) {
	healAfter(t)
	revision := stack.PG(t, "select version_num from alembic_version")[0]
	defer stack.PG(t, "update alembic_version set version_num = '"+revision+"'") // while the test's context lives
	stack.PG(t, "update alembic_version set version_num = '0123456789ab'")
	edit := Set("api.logLevel", "INFO") // which makes the migration run
	expectRefused(t, []string{"prefect-migrate failed with exit code 1", "Can't locate revision identified by '0123456789ab'"}, edit)

	stack.PG(t, "update alembic_version set version_num = '"+revision+"'")
	expectHealed(t, edit) // without a change of the configuration the migration must run again
	expectHealed(t)
}

// TestFailingUp_KilledInTheMiddle kills an `up`, and all that it started, at moments after which state and engine differ in different ways.
func TestFailingUp_KilledInTheMiddle(t *testing.T) {
	healAfter(t)
	moments := []struct {
		what string
		now  func() bool
	}{
		{"while two API containers run", func() bool { return len(stack.Running(t, "api")) > 1 }},
		{"while a job runs", func() bool { return jobRuns(t) }},
		{"while the old worker is asked to stop", func() bool { return len(stack.Running(t, "worker-default")) > 1 }},
	}
	if !full {
		moments = moments[:1]
	}
	for i, moment := range moments {
		edits := []Edit{Set("api.logLevel", "INFO"), Set("workers[0].environment", map[string]any{"MOMENT": strconv.Itoa(i)})}
		t.Run(moment.what, func(t *testing.T) {
			probe := startProbe(t)
			stack.Configure(t, edits...)
			var out bytes.Buffer
			up := stack.StartUp(t, &out)
			Await(t, 5*time.Minute, moment.what, func() error {
				if moment.now() {
					return nil
				}
				return fmt.Errorf("not yet: %s", lastLine(out.String()))
			})
			killTree(t, up.Process.Pid)
			if err := up.Wait(); err == nil {
				t.Fatal("the up was not killed")
			}
			expectServed(t, probe)
			expectHealed(t, edits...)
		})
	}
	expectHealed(t)
}

func jobRuns(t *testing.T) bool {
	t.Helper()
	return slices.ContainsFunc(stack.Containers(t, labelRole+"=job"), func(c container.InspectResponse) bool { return c.State.Running })
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// killTree kills a process and all that it started, which may be in process groups of their own.
func killTree(t *testing.T, pid int) {
	t.Helper()
	for _, each := range append([]int{pid}, descendants(t, pid)...) {
		if err := syscall.Kill(each, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			t.Errorf("killing %d: %v", each, err)
		}
	}
}

// buildWith compiles the program with one of its files changed, or as it is. It is put back when the test ends.
func (s *Stack) buildWith(t *testing.T, file string, change func(string) string) {
	t.Helper()
	arguments := []string{"build", "-o", s.program()}
	if file != "" {
		t.Cleanup(func() { s.buildWith(t, "", nil) })
		original := filepath.Join(s.clone, file)
		text, err := os.ReadFile(original)
		if err != nil {
			t.Fatal(err)
		}
		changed := change(string(text))
		if changed == string(text) {
			t.Fatalf("%s is not changed", file)
		}
		folder := t.TempDir()
		overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: filepath.Join(folder, "changed")}})
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string]string{"changed": changed, "overlay.json": string(overlay)} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		arguments = append(arguments, "-overlay", filepath.Join(folder, "overlay.json"))
	}
	compile := exec.Command("go", append(arguments, ".")...)
	compile.Dir = s.clone
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}

// selfSigned makes a certificate for localhost and its key.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	return selfSignedFor(t, "localhost")
}

func selfSignedFor(t *testing.T, host string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: host},
		DNSNames:     []string{host},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(90 * 24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", pkcs8)
}
