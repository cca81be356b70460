//go:build lab

package proxy

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/images"
	"prefect-platform/internal/workload"
)

const (
	logPort     = 5140
	metricsPort = 9113
)

// watch gives the edge a network of monitoring. Only that one and its own are allowed, and the latter has no limits.
func (e *labEdge) watch() {
	e.t.Helper()
	var subnet netip.Prefix
	for range 10 { // others may have the first one
		octets := make([]byte, 2)
		_, _ = rand.Read(octets)
		subnet = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 128 | octets[0], octets[1], 0}), 24)
		_, err := tryDocker(nil, "network", "create", "--label", e.name, "--internal", "-o", "com.docker.network.bridge.gateway_mode_ipv4=isolated",
			"--subnet", subnet.String(), "--ip-range", config.Given(subnet).String(), e.name+"-mon")
		if err == nil {
			break
		}
	}
	octets := subnet.Addr().As4()
	octets[3] = 254
	e.args.Monitoring = &Monitoring{Network: pulumi.String(e.name + "-mon"), Subnet: subnet, Exporter: netip.AddrPortFrom(netip.AddrFrom4(octets), logPort)}
	e.args.Edge.Allow = []string{docker(e.t, "network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", e.name+"-edge")}
	e.args.Edge.Exempt = e.args.Edge.Allow
}

// export starts the exporter, and returns its container.
func (e *labEdge) export() string {
	e.t.Helper()
	program, err := os.ReadFile("../monitoring/files/edge_exporter.py")
	if err != nil {
		e.t.Fatal(err)
	}
	return docker(e.t, append([]string{"run", "-d"}, e.arguments(workload.Spec{
		Image:      images.Pins()[images.Prefect],
		User:       "65534:65534",
		Entrypoint: []string{"python", "-I", workload.FilesDir + "/edge_exporter.py"},
		Command:    []string{"--log", strconv.Itoa(logPort), "--metrics", strconv.Itoa(metricsPort), "--status", fmt.Sprintf("http://%s:8081/stub_status", Host)},
		Files:      map[string]workload.File{"edge_exporter.py": workload.Text(string(program))},
		Networks:   []workload.Network{{Name: e.args.Monitoring.Network, Address: e.args.Monitoring.Exporter.Addr()}},
		MemoryMiB:  64,
	})...)...)
}

// metrics are the exporter's samples, by name and labels as they are written. Nobody answers: none.
func (e *labEdge) metrics() map[string]float64 {
	out, err := tryDocker(nil, "exec", e.container, "curl", "-fsS", "--max-time", "5", fmt.Sprintf("http://%s:%d/metrics", e.args.Monitoring.Exporter.Addr(), metricsPort))
	if err != nil {
		return nil
	}
	samples := map[string]float64{}
	for _, line := range strings.Split(out, "\n") {
		if at := strings.LastIndex(line, " "); at > 0 && line[0] != '#' {
			samples[line[:at]], _ = strconv.ParseFloat(line[at+1:], 64)
		}
	}
	return samples
}

func requests(route, method string, status int) string {
	return fmt.Sprintf(`edge_requests_total{method=%q,route=%q,status="%d"}`, method, route, status)
}

func (e *labEdge) awaitSample(name string, want float64) {
	e.t.Helper()
	await(e.t, 20*time.Second, name, func() error {
		if got, ok := e.metrics()[name]; !ok || got != want {
			return fmt.Errorf("it is %v (%v), not %v", got, ok, want)
		}
		return nil
	})
}

// from asks the edge from a container on a network, and returns the status.
func (e *labEdge) from(network, url string) string {
	e.t.Helper()
	return docker(e.t, "run", "--rm", "--label", e.name, "--network", e.name+"-"+network, "--entrypoint", "curl", testImage, "-sko", "/dev/null", "-w", "%{http_code}", "--connect-to", "localhost::"+Host+":", url)
}

func TestEdge_TellsItsExporterOfEveryRequest(t *testing.T) {
	e := newEdge(t)
	e.watch()
	e.upstream()
	e.export()
	e.start()
	await(t, 20*time.Second, "the exporter", func() error {
		if e.metrics()["nginx_up"] != 1 {
			return fmt.Errorf("nginx is not up: %v", e.metrics())
		}
		return nil
	})
	for range 3 {
		e.ask("GET", "/api/flows/")
	}
	e.ask("POST", "/api/flows/filter?secret=hidden")
	e.ask("PROPFIND", "/api/flows/")
	e.ask("GET", "/api/flows/?status=418")
	e.ask("GET", "/api/flows/", "Authorization: Basic eDp5")
	e.ask("GET", "/api/ready")
	e.ask("GET", "/api/health")
	e.ask("GET", "/v2/runs")
	e.ask("GET", "/grafana/d/edge")
	e.ask("GET", "/docs")
	connection, err := net.Dial("tcp", e.http)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(connection, "not HTTP\r\n\r\n")
	_, _ = bufio.NewReader(connection).ReadString(0)
	_ = connection.Close()

	for name, want := range map[string]float64{
		requests("api", "GET", 200): 3, requests("api", "POST", 200): 1, requests("api", "other", 200): 1, requests("api", "GET", 418): 1, requests("api", "GET", 401): 1,
		requests("health", "GET", 200): 2, requests("ui", "GET", 200): 1, requests("grafana", "GET", 200): 1, requests("other", "GET", 404): 1, requests("other", "other", 400): 1,
		`edge_request_duration_seconds_count{route="api"}`: 7, `edge_request_duration_seconds_bucket{le="+Inf",route="health"}`: 2,
	} {
		e.awaitSample(name, want)
	}
	samples := e.metrics()
	if samples["edge_log_lines_invalid_total"] != 0 {
		t.Error("nginx writes lines that the exporter does not understand")
	}
	for _, name := range []string{"nginx_connections_accepted", "nginx_connections_handled", "nginx_connections_active", "nginx_http_requests_total"} {
		if samples[name] < 1 {
			t.Errorf("%s is %v", name, samples[name])
		}
	}

	for _, each := range []struct{ from, url, want string }{
		{"mon", "http://localhost:8081/stub_status", "403"}, // the exporter alone
		{"app", "http://localhost:8081/stub_status", "403"},
		{"mon", "http://localhost:8081/", "403"},
		{"mon", "https://localhost:8443/api/flows/", "401"},
		{"app", "https://localhost:8443/api/flows/", "403"},
		{"mon", "http://localhost:8080/", "308"},
		{"app", "http://localhost:8080/", "403"},
	} {
		if got := e.from(each.from, each.url); got != each.want {
			t.Errorf("from %s %s is answered with %s, want %s", each.from, each.url, got, each.want)
		}
	}
	if got := e.ask("GET", "/stub_status"); strings.Contains(got.body, "Active connections") {
		t.Error("clients are told the figures")
	}
}

func TestEdge_GoesOnUndisturbedWhileItsExporterIsAway(t *testing.T) {
	e := newEdge(t)
	e.watch()
	e.upstream()
	e.start()
	serves := func(while string) {
		t.Helper()
		client, slowest, before := e.client(), time.Duration(0), time.Now()
		const requests = 300
		for range requests {
			began := time.Now()
			if got, err := e.try(client, "GET", "/api/flows/"); err != nil || got.status != 200 {
				t.Fatalf("while the exporter %s: %v %v", while, got.status, err)
			}
			slowest = max(slowest, time.Since(began))
		}
		t.Logf("while the exporter %-20s %d requests took %s, the slowest %s; errors in the log: %d", while, requests, time.Since(before).Round(time.Millisecond),
			slowest.Round(time.Millisecond), strings.Count(docker(t, "logs", e.container), "logging to syslog"))
	}
	counts := func() { // what comes now arrives
		t.Helper()
		before := e.metrics()[requests("api", "GET", 200)]
		await(t, 20*time.Second, "lines of the log", func() error {
			e.ask("GET", "/api/flows/")
			if now := e.metrics()[requests("api", "GET", 200)]; now <= before {
				return fmt.Errorf("%v after %v", now, before)
			}
			return nil
		})
	}

	serves("was never there")
	exporter := e.export()
	counts()
	serves("is there")
	docker(t, "pause", exporter)
	serves("hangs")
	docker(t, "unpause", exporter)
	counts()
	docker(t, "kill", exporter)
	serves("is gone")
	docker(t, "start", exporter)
	counts()
}
