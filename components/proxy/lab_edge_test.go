//go:build lab

package proxy

import (
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/credential"
	"prefect-platform/internal/images"
	"prefect-platform/internal/nginxconf"
	"prefect-platform/internal/workload"
)

var testImage = images.Pins()[images.Nginx]

// Passwords of the two slots, with every kind of character.
const (
	activePassword = `new:p@ss "w/o'r?d\ %&+=[x]{y};$z#`
	keptPassword   = `old-Password~`
)

// labEdge is a running edge before a running upstream.
type labEdge struct {
	*bench
	args         Args
	cert         *certificate
	certificates *workload.Volume // where an authority gives them
	roots        *x509.CertPool
	container    string
	https        string // address on the host
	http         string
}

// startEdge runs an edge before an upstream. An edit changes the arguments first.
func startEdge(t *testing.T, edits ...func(*Args)) *labEdge {
	t.Helper()
	e := newEdge(t, edits...)
	e.upstream()
	e.start()
	return e
}

// newEdge is an edge that does not run yet.
func newEdge(t *testing.T, edits ...func(*Args)) *labEdge {
	t.Helper()
	e := &labEdge{bench: newBench(t)}
	e.args = Args{
		Image: testImage,
		Host:  "localhost",
		Edge:  config.Default().Edge,
		TLS:   config.TLS{Mode: config.SelfSigned},
		User:  "prefect",
		Credential: &credential.Credential{
			A:          slot(activePassword),
			B:          slot(keptPassword),
			ActiveSlot: "a",
			IdleValid:  true,
		},
		Upstream: "prefect-api:4200",
		Networks: Networks{Edge: pulumi.String(e.name + "-edge"), App: pulumi.String(e.name + "-app")},
	}
	for _, edit := range edits {
		edit(&e.args)
	}
	e.renew(time.Now().Add(time.Hour), e.args.Host)
	return e
}

// start runs the component's own specs.
func (e *labEdge) start() {
	e.t.Helper()
	e.mustInstall(e.t)
	e.run()
}

// of is the same edge for a subtest.
func (e *labEdge) of(t *testing.T) *labEdge {
	edge, bench := *e, *e.bench
	edge.bench, bench.t = &bench, t
	return &edge
}

func slot(password string) credential.Value {
	return credential.Value{Secret: pulumi.String(password).ToStringOutput(), Salt: pulumi.String("salt").ToStringOutput()}
}

// renew makes another key and certificate, the only one that clients then believe.
func (e *labEdge) renew(until time.Time, host string) {
	e.t.Helper()
	chain, key := pair(e.t, until, host)
	e.cert = &certificate{chain: pulumi.String(chain), key: pulumi.String(key)}
	e.roots = x509.NewCertPool()
	e.roots.AppendCertsFromPEM([]byte(chain))
}

// install runs the installer with the edge as it is now described; an edit changes the files first.
func (e *labEdge) install(edits ...func(files map[string]workload.File)) (log string, err error) {
	e.t.Helper()
	conf, err := e.args.nginxConf()
	if err != nil {
		e.t.Fatal(err)
	}
	spec := e.args.install(conf, e.cert, e.releases)
	for _, edit := range edits {
		edit(spec.Files)
	}
	return tryDocker(nil, append([]string{"run"}, e.arguments(spec)...)...)
}

func (e *labEdge) run() {
	e.t.Helper()
	e.container = docker(e.t, append([]string{"run", "-d"}, e.arguments(e.args.nginx(e.releases, e.certificates))...)...)
	for port, into := range map[int]*string{nginxconf.HTTPSPort: &e.https, nginxconf.HTTPPort: &e.http} {
		*into = strings.Fields(docker(e.t, "port", e.container, fmt.Sprint(port)))[0]
	}
	await(e.t, 10*time.Second, "nginx", func() error {
		if e.cert.chain == nil {
			return e.answers()
		}
		connection, err := e.dial("localhost")
		if err == nil {
			_ = connection.Close()
		}
		return err
	})
}

// answers tells whether nginx listens, with or without a certificate.
func (e *labEdge) answers() error {
	connection, err := net.Dial("tcp", e.http)
	if err != nil {
		return err
	}
	return connection.Close()
}

// dial connects with a name in the handshake; "" sends none.
func (e *labEdge) dial(name string) (*stdtls.Conn, error) {
	return stdtls.Dial("tcp", e.https, &stdtls.Config{ServerName: name, RootCAs: e.roots, InsecureSkipVerify: name == ""})
}

// client speaks HTTP/2, and believes the newest certificate only.
func (e *labEdge) client() *http.Client {
	return &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:     &stdtls.Config{RootCAs: e.roots, ServerName: e.args.Host},
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 64,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reply is a response that was read.
type reply struct {
	status int
	header http.Header
	body   string
}

// echo is what the upstream says that it saw.
type echo struct {
	Instance string
	URI      string
	Host     string
	Headers  http.Header
	Bytes    int
}

func (r reply) echo(t *testing.T) echo {
	t.Helper()
	var seen echo
	if err := json.Unmarshal([]byte(r.body), &seen); err != nil {
		t.Fatalf("%d %q: %v", r.status, r.body, err)
	}
	return seen
}

// ask sends a request with the active credential, unless a header says otherwise; an empty one is not sent.
func (e *labEdge) ask(method, path string, headers ...string) reply {
	e.t.Helper()
	got, err := e.try(e.client(), method, path, headers...)
	if err != nil {
		e.t.Fatal(err)
	}
	return got
}

func (e *labEdge) try(client *http.Client, method, path string, headers ...string) (reply, error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(strings.Repeat("x", 1000))
	}
	request, err := http.NewRequest(method, "https://"+e.https+path, body)
	if err != nil {
		return reply{}, err
	}
	_, port, _ := net.SplitHostPort(e.https)
	request.Host = net.JoinHostPort(e.args.Host, port)
	request.SetBasicAuth("prefect", activePassword)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if request.Header.Del(name); value != "" {
			request.Header.Set(name, value)
		}
		if name == "Host" {
			request.Host = value
		}
	}
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(text)}, err
}

// request has the active credential.
func (e *labEdge) request(t *testing.T, method, path string) *http.Request {
	t.Helper()
	request, err := http.NewRequest(method, "https://"+e.https+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = e.args.Host
	request.SetBasicAuth("prefect", activePassword)
	return request
}

// post sends a body of some bytes and returns the status.
func (e *labEdge) post(t *testing.T, bytes int) int {
	t.Helper()
	request := e.request(t, "POST", "/api/logs/")
	request.Body, request.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", bytes))), int64(bytes)
	response, err := e.client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
