//go:build e2e

package e2e

import (
	"fmt"
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

// names is a server of names that knows every name as the edge, wherever that is just then. Clients outside find the edge under localhost, the authority cannot.
const names = `
import socket, socketserver, sys, threading

def answer(query):
    end = query.index(b"\0", 12) + 5
    found = b""
    if query[end - 4:end - 2] == b"\0\1":
        found = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(socket.gethostbyname(sys.argv[1]))
    return query[:2] + b"\x85\x80\0\1" + (b"\0\1" if found else b"\0\0") + b"\0\0\0\0" + query[12:end] + found

class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        query, server = self.request
        server.sendto(answer(query), self.client_address)

class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        while length := self.rfile.read(2):
            reply = answer(self.rfile.read(int.from_bytes(length)))
            self.wfile.write(len(reply).to_bytes(2) + reply)

stream = socketserver.ThreadingTCPServer(("0.0.0.0", 8053), Stream)
datagram = socketserver.ThreadingUDPServer(("0.0.0.0", 8053), Datagram)
print("ready", flush=True)
threading.Thread(target=stream.serve_forever).start()
datagram.serve_forever()
`

// fetchPage prints a page of a server whose certificate is not known.
const fetchPage = `
import ssl, sys, urllib.request, time
for _ in range(60):
    try:
        print(urllib.request.urlopen(sys.argv[1], context=ssl._create_unverified_context(), timeout=5).read().decode(), end="")
        break
    except OSError:
        time.sleep(0.5)
else:
    sys.exit(1)
`

// startAuthority starts a Pebble that asks a server of names at dns.
func startAuthority(t *testing.T, dns string) *authority {
	t.Helper()
	a := &authority{network: "prefect-" + stack.Name + "-edge"}
	python := stack.Container(t, "api").Config.Image
	if dns == "names:8053" {
		awaitReady(t, Helper{
			Image: python, Command: []string{"python", "/e2e/script.py", "prefect-" + stack.Name + "-nginx"}, Network: a.network, Alias: "names", Files: withScript(nil, names),
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
		Image: python, Command: []string{"python", "/e2e/script.py", "https://pebble:15000/roots/0"}, Network: a.network, Files: withScript(nil, fetchPage),
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

// provider is the interface of a provider of DNS that lego calls httpreq, before the server of records.
const provider = `
import base64, http.server, json, sys, urllib.request
expected = "Basic " + base64.b64encode(("prefect:" + sys.argv[1]).encode()).decode()
class Provider(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != expected:
            self.send_response(401)
        else:
            verb = "set-txt" if self.path == "/present" else "clear-txt"
            body = json.dumps({"host": record["fqdn"], "value": record["value"]}).encode()
            urllib.request.urlopen("http://records:8055/" + verb, body)
            self.send_response(200)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Provider)
print("ready", flush=True)
server.serve_forever()
`

// startRecords starts a provider of DNS, and returns the password that it wants.
func startRecords(t *testing.T) (password string) {
	t.Helper()
	password = "gJ7rT2mW9qLx4VbN"
	awaitReady(t, Helper{
		Image: stack.Container(t, "api").Config.Image, Command: []string{"python", "/e2e/script.py", password}, Network: "prefect-" + stack.Name + "-egress", Alias: "dns-provider",
		Files: withScript(nil, provider),
	})
	return password
}
