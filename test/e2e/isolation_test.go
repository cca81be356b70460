//go:build e2e

package e2e

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
)

func TestIsolation_OnlyTheEdgePublishesPorts(t *testing.T) {
	https, http := stack.Config("edge.httpsPort"), stack.Config("edge.httpPort")
	want := []string{fmt.Sprintf("nginx 127.0.0.1:%v", https), fmt.Sprintf("nginx 127.0.0.1:%v", http)}
	slices.Sort(want)
	var published []string
	for _, c := range stack.Containers(t) {
		if c.HostConfig.PublishAllPorts || c.HostConfig.NetworkMode.IsHost() {
			t.Errorf("%s opens ports of the host by itself", c.Name)
		}
		for _, bindings := range c.NetworkSettings.Ports {
			for _, binding := range bindings {
				published = append(published, c.Config.Labels[labelWorkload]+" "+binding.HostIP.String()+":"+binding.HostPort)
			}
		}
	}
	slices.Sort(published)
	if !slices.Equal(published, want) {
		t.Errorf("published are %v, want %v", published, want)
	}

	// And that is what listens: the ports of everything else are closed on every address of the host.
	for _, address := range hostAddresses(t) {
		for _, port := range []int{4200, 5432, 6379, 8081} {
			expectClosed(t, address, port)
		}
	}
}

func expectClosed(t *testing.T, address netip.Addr, port int) {
	t.Helper()
	target := net.JoinHostPort(address.String(), strconv.Itoa(port))
	if connection, err := net.DialTimeout("tcp", target, time.Second); err == nil {
		_ = connection.Close()
		t.Errorf("%s answers on the host", target)
	}
}

// hostAddresses are the IPv4 addresses of this host.
func hostAddresses(t *testing.T) []netip.Addr {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var found []netip.Addr
	for _, address := range all {
		prefix, err := netip.ParsePrefix(address.String())
		if err != nil {
			t.Fatal(err)
		}
		if prefix.Addr().Is4() {
			found = append(found, prefix.Addr())
		}
	}
	return found
}

// reach tries a name and port from inside a container and tells "does not resolve" from "does not answer". An answer is what the server itself would say:
// somewhere on the way out of a host there may be a proxy that takes every connection.
const reach = `
import socket, sys
host, port, hello, want = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3]), sys.argv[4].encode()
try: address = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0][4]
except OSError as error: sys.exit(f"does not resolve: {error}")
try:
    with socket.create_connection(address, 2) as connection:
        connection.sendall(hello)
        got = connection.recv(4096)
except OSError as error: sys.exit(f"does not answer: {error}")
print("answers" if got.startswith(want) else f"does not answer: something else says {got!r}")
`

// server is how to know a server by what it says.
type server struct{ hello, want string }

var (
	postgresServer = server{"\x00\x00\x00\x08\x04\xd2\x16\x2f", "N"} // SSLRequest, answered by one letter: no TLS
	prefectServer  = server{"GET /api/health HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK"}
	ownServer      = server{"hello", "here is e2e"}
)

// reaches tries to reach a server from inside a container of Prefect.
func reaches(t *testing.T, id, host string, port int, s server) string {
	t.Helper()
	result := stack.Exec(t, id, "python", "-c", reach, host, strconv.Itoa(port), hex.EncodeToString([]byte(s.hello)), s.want)
	return strings.TrimSpace(result.Stdout + result.Stderr)
}

// connects is reaches for images without Python.
func connects(t *testing.T, id, host string, port int) bool {
	t.Helper()
	return stack.Exec(t, id, "timeout", "2", "bash", "-c", fmt.Sprintf("</dev/tcp/%s/%d", host, port)).Code == 0
}

func addressIn(t *testing.T, c container.InspectResponse, network string) string {
	t.Helper()
	endpoint := c.NetworkSettings.Networks["prefect-"+stack.Name+"-"+network]
	if endpoint == nil || !endpoint.IPAddress.IsValid() {
		t.Fatalf("%s has no address in network %s", c.Name, network)
	}
	return endpoint.IPAddress.String()
}

func TestIsolation_AWorkerCannotReachTheDatabase(t *testing.T) {
	worker, api := stack.Container(t, "worker-default"), stack.Container(t, "api")
	address := addressIn(t, stack.Container(t, "postgres"), "db")

	for _, host := range []string{"postgres", address} {
		if got := reaches(t, api.ID, host, 5432, postgresServer); got != "answers" {
			t.Errorf("from the API, which needs it, %s %s", host, got)
		}
	}
	if got := reaches(t, worker.ID, "postgres", 5432, postgresServer); !strings.HasPrefix(got, "does not resolve") {
		t.Errorf("from the worker postgres %s", got)
	}
	if got := reaches(t, worker.ID, address, 5432, postgresServer); !strings.HasPrefix(got, "does not answer") {
		t.Errorf("from the worker %s %s", address, got)
	}
	if got := reaches(t, worker.ID, "prefect-api", 4200, prefectServer); got != "answers" {
		t.Errorf("from the worker the API, which it needs, %s", got)
	}
}

func TestIsolation_DatabaseAndRedisReachNothingOutside(t *testing.T) {
	listener, err := net.Listen("tcp", "0.0.0.0:0") // what any other service on the Docker host would be
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	port := listener.Addr().(*net.TCPAddr).Port
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return // closed at the end of the test
			}
			_, _ = connection.Write([]byte(ownServer.want))
			_ = connection.Close()
		}
	}()
	worker, nginx := stack.Container(t, "worker-default"), stack.Container(t, "nginx")
	if got := reaches(t, worker.ID, gateway(t, worker, "egress"), port, ownServer); got != "answers" {
		t.Fatalf("from a worker, which may reach out, this test's own listener %s: the test cannot tell anything", got)
	}

	for workload, own := range map[string]struct {
		port    int
		network string
	}{"postgres": {5432, "db"}, "redis": {6379, "app"}} {
		c := stack.Container(t, workload)
		if !connects(t, c.ID, "127.0.0.1", own.port) {
			t.Fatalf("%s cannot even connect to itself: the test cannot tell anything", workload)
		}
		if route := stack.Exec(t, c.ID, "cat", "/proc/net/route").Stdout; regexp.MustCompile(`(?m)^\S+\t00000000\t`).MatchString(route) {
			t.Errorf("%s has a way out:\n%s", workload, route)
		}
		targets := []string{gateway(t, worker, "egress"), gateway(t, nginx, "edge")}
		for _, address := range hostAddresses(t) {
			if !address.IsLoopback() {
				targets = append(targets, address.String())
			}
		}
		for _, host := range targets {
			if connects(t, c.ID, host, port) {
				t.Errorf("from %s this test's listener on the host answers at %s", workload, host)
			}
		}
		if connects(t, c.ID, addressIn(t, nginx, "edge"), 8443) {
			t.Errorf("from %s the edge answers", workload)
		}
		if connects(t, c.ID, "deb.debian.org", 80) {
			t.Errorf("from %s the internet answers", workload)
		}
	}
}

func gateway(t *testing.T, c container.InspectResponse, network string) string {
	t.Helper()
	return c.NetworkSettings.Networks["prefect-"+stack.Name+"-"+network].Gateway.String()
}
