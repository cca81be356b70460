package proxy

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/mocks"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// acmePlace is a folder in which the script runs with a lego that notes its calls and does what a file says.
type acmePlace struct{ dir string }

const fakeLego = `#!/bin/sh
path=$2; shift 2
case $* in
list) printf '  Certificate Name: a.corp.net\n    Expiry Date: %s +0000 UTC\n' "$(cat ../ends)"; exit ;;
esac
echo "$*" >>../calls
[ ! -e ../fails ] || exit 1
mkdir -p "$path/certificates"
date +%N >"$path/certificates/a.corp.net.crt"
echo key >"$path/certificates/a.corp.net.key"
`

func newACMEPlace(t *testing.T) acmePlace {
	t.Helper()
	p := acmePlace{t.TempDir()}
	for _, folder := range []string{"files", "home", "reports", "tmp"} {
		if err := os.Mkdir(filepath.Join(p.dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.write(t, "files/acme", strings.ReplaceAll(acmeScript, "/tmp/", p.dir+"/tmp/"))
	p.write(t, "lego", fakeLego)
	p.lives(t, 90*24*time.Hour)
	return p
}

func (p acmePlace) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (p acmePlace) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(p.dir, name))
	return string(text)
}

// lives says how long what lego obtains from now on will be valid.
func (p acmePlace) lives(t *testing.T, left time.Duration) {
	t.Helper()
	p.write(t, "ends", time.Now().Add(left).UTC().Format(time.DateTime))
}

// look starts the script and ends it when it has looked once. It returns the calls of lego.
func (p acmePlace) look(t *testing.T, arguments ...string) (calls []string) {
	t.Helper()
	for _, old := range []string{"calls", "reports/certificate.prom"} {
		if err := os.Remove(filepath.Join(p.dir, old)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	command := exec.Command(filepath.Join(p.dir, "files/acme"), append([]string{filepath.Join(p.dir, "home"), filepath.Join(p.dir, "reports"), filepath.Join(p.dir, "lego")}, arguments...)...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "DIRECTORY=https://ca/dir", "NAME=a.corp.net"}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait()
	}()
	for end := time.Now().Add(10 * time.Second); p.read("reports/certificate.prom") == ""; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it has not looked within 10 s")
		}
	}
	return slices.Collect(strings.Lines(p.read("calls")))
}

func TestACME_ObtainsOnceAndServesWhatItGot(t *testing.T) {
	p := newACMEPlace(t)
	if calls := p.look(t, "--http"); !slices.Equal(calls, []string{"--http run\n"}) {
		t.Fatalf("lego was called with %q", calls)
	}
	if calls := p.look(t, "--http"); len(calls) > 0 {
		t.Errorf("after a restart: %q", calls)
	}
	if p.read("home/current/tls.key") != "key\n" || p.read("home/current/tls.crt") == "" || !strings.Contains(p.read("reports/certificate.prom"), "prefect_certificate_failures 0\n") {
		t.Errorf("it serves %q and reports %q", p.read("home/current/tls.crt"), p.read("reports/certificate.prom"))
	}
	if _, err := os.Stat(filepath.Join(p.dir, "tmp/ready")); err != nil {
		t.Error("it is not ready")
	}
	for file, want := range map[string]os.FileMode{"home/current/tls.key": 0o640, "home/lego": os.ModeDir | 0o700} {
		if info, err := os.Stat(filepath.Join(p.dir, file)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
}

func TestACME_RenewsAtTwoThirds(t *testing.T) {
	p := newACMEPlace(t)
	p.look(t)
	before := p.read("home/current/tls.crt")
	for passed, due := range map[time.Duration]bool{59 * 24 * time.Hour: false, 61 * 24 * time.Hour: true, 100 * 24 * time.Hour: true} {
		now := time.Now()
		p.write(t, "home/current/life", fmt.Sprintf("%d %d\n", now.Add(-passed).Unix(), now.Add(90*24*time.Hour-passed).Unix()))
		calls := p.look(t)
		if due != slices.Equal(calls, []string{"renew --dynamic --no-random-sleep --force-cert-domains\n"}) {
			t.Errorf("after %s: %q", passed, calls)
		}
		if due && p.read("home/current/tls.crt") == before {
			t.Errorf("after %s the old one is served", passed)
		}
		before = p.read("home/current/tls.crt")
	}
}

func TestACME_LetsAnAuthorityThatSaysNoBe(t *testing.T) {
	p := newACMEPlace(t)
	p.look(t)
	served := p.read("home/current/tls.crt")
	p.write(t, "home/current/life", fmt.Sprintf("0 %d\n", time.Now().Add(time.Hour).Unix()))
	p.write(t, "fails", "")
	for failures, pause := range []int64{300, 600, 1200, 2400, 4800, 9600, 19200, 21600, 21600} {
		if calls := p.look(t); len(calls) != 1 {
			t.Fatalf("%d failures: lego was called with %q", failures, calls)
		}
		var noted, later int64
		if _, err := fmt.Sscan(p.read("home/attempts"), &noted, &later); err != nil {
			t.Fatal(err)
		}
		if wait := later - time.Now().Unix(); noted != int64(failures)+1 || wait > pause || wait < pause-5 {
			t.Errorf("%d failures: noted %d, the next attempt in %d s, want %d", failures+1, noted, wait, pause)
		}
		if calls := p.look(t); len(calls) > 0 {
			t.Fatalf("it asked again at once: %q", calls)
		}
		if p.read("home/current/tls.crt") != served || !strings.Contains(p.read("reports/certificate.prom"), fmt.Sprintf("prefect_certificate_failures %d\n", failures+1)) {
			t.Errorf("it serves %q and reports %q", p.read("home/current/tls.crt"), p.read("reports/certificate.prom"))
		}
		p.write(t, "home/attempts", strings.Replace(p.read("home/attempts"), fmt.Sprint(later), "0", 1)) // the time has come
	}
	p.write(t, "home/attempts", strings.Replace(p.read("home/attempts"), " 0 ", " 99999999999 ", 1))
	if calls := p.look(t, "--domains", "b.corp.net"); len(calls) != 1 {
		t.Errorf("something else that is asked for waits too: %q", calls)
	}
}

func asks(change func(*config.ACME)) func(*Args) {
	return func(a *Args) {
		a.Host, a.TLS.Mode, a.TLS.AlsoFor = "prefect.corp.net", config.ACMEMode, []string{"flows.corp.net"}
		a.TLS.ACME = config.ACME{Directory: config.LetsEncrypt, Email: "team@corp.net", Challenge: config.ChallengeHTTP, Trust: "whom clients trust"}
		if change != nil {
			change(&a.TLS.ACME)
		}
		a.ACME = &ACME{Image: "lego:1.2.3", Network: pulumi.String("egress"), Secrets: map[string]string{"CF_DNS_API_TOKEN": "generated-for-dns"}}
	}
}

const acmeName = "proxy-" + tokens.HostACME

func networksOf(t *testing.T, r *mocks.Recorder, name string) (all []string) {
	t.Helper()
	for _, joined := range r.Find(t, tokens.Container, name).Inputs["networksAdvanced"].ArrayValue() {
		all = append(all, joined.ObjectValue()["name"].StringValue())
	}
	return all
}

func commandOf(t *testing.T, r *mocks.Recorder, name string) string {
	t.Helper()
	var words []string
	for _, word := range r.Find(t, tokens.Container, name).Inputs["command"].ArrayValue() {
		words = append(words, word.StringValue())
	}
	return strings.Join(words, " ")
}

func TestNew_AsksAnAuthorityThroughTheEdge(t *testing.T) {
	r := mustRegister(t, asks(nil))
	if got := networksOf(t, r, acmeName); !slices.Equal(got, []string{"egress", "edge"}) {
		t.Errorf("it is on %v", got)
	}
	if got := commandOf(t, r, acmeName); !strings.HasSuffix(got, "--server https://acme-v02.api.letsencrypt.org/directory --email team@corp.net --accept-tos --domains prefect.corp.net --domains flows.corp.net --http --http.port :8402 --http.delay 5s") {
		t.Errorf("it runs %s", got)
	}
	conf := r.Find(t, tokens.Proxy, "proxy").Inputs[tokens.InputNginxConf].StringValue()
	for _, says := range []string{"server acme:8402 resolve", "default /srv/acme/current/tls.crt;", "default /srv/acme/current/tls.key;"} {
		if !strings.Contains(conf, says) {
			t.Errorf("nginx.conf does not say %q", says)
		}
	}
	if uploads := r.Find(t, tokens.Container, installName+"-files").Inputs["uploads"].String(); strings.Contains(uploads, workload.FilesDir+"/tls.") {
		t.Error("the installer brings a certificate")
	}
}

func TestNew_AsksAnAuthorityByRecordsWithoutAWayIn(t *testing.T) {
	r := mustRegister(t, asks(func(a *config.ACME) {
		a.Challenge, a.Provider, a.Resolvers, a.Settings = config.ChallengeDNS, "cloudflare", []string{"192.168.1.53:53"}, map[string]string{"CF_TTL": "120"}
	}))
	if got := networksOf(t, r, acmeName); !slices.Equal(got, []string{"egress"}) {
		t.Errorf("it is on %v", got)
	}
	if got := commandOf(t, r, acmeName); !strings.HasSuffix(got, "--dns cloudflare --dns.propagation-rns --dns.propagation-disable-ans --dns.resolvers 192.168.1.53:53") {
		t.Errorf("it runs %s", got)
	}
	inputs := r.Find(t, tokens.Container, acmeName).Inputs
	env := inputs["envs"].String()
	if strings.Contains(env, "generated-for-dns") || !strings.Contains(env, "CF_DNS_API_TOKEN_FILE=/etc/platform/CF_DNS_API_TOKEN") || !strings.Contains(env, "CF_TTL=120") {
		t.Errorf("its environment is %s", env)
	}
	if uploads := r.Find(t, tokens.Container, acmeName+"-files").Inputs["uploads"]; !uploads.ContainsSecrets() {
		t.Error("the secret of the provider would be stored in plaintext")
	}
	if conf := r.Find(t, tokens.Proxy, "proxy").Inputs[tokens.InputNginxConf].StringValue(); strings.Contains(conf, "acme-challenge") {
		t.Error("the edge answers authorities")
	}
}

func TestNew_AsksNoAuthorityUnlessTold(t *testing.T) {
	r := mustRegister(t, nil)
	names := map[string]bool{}
	for _, made := range r.All("") {
		names[made.Name] = true
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool { return !strings.Contains(name, tokens.HostACME) })
	if len(names) > 0 {
		t.Errorf("there are %v", names)
	}
}
