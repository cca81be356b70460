package rules

import (
	"testing"

	"prefect-platform/internal/tokens"
)

// logBeside is a second log of every request.
func logBeside(name, target, found string) [4]string {
	return [4]string{name, "access_log /dev/stdout json;", "access_log /dev/stdout json;\n    access_log " + target + " json;", found}
}

var _ = prove("exposure-edge-logs", proof{
	fails: onEdge(
		logBeside("somebody elsewhere", "syslog:server=192.0.2.1:514", "192.0.2.1"),
		logBeside("somebody by name", "syslog:server=edge-exporter:5140", "edge-exporter"),
		logBeside("another container of monitoring", "syslog:server=10.213.3.20:5140", "10.213.3.20"),
		logBeside("a container of another network", "syslog:server=10.213.1.254:5140", "10.213.1.254"),
		logBeside("the exporter's place in another base", "syslog:server=10.214.3.254:5140", "10.214.3.254"),
		logBeside("a second one", "syslog:server=10.213.3.254:5140,server=192.0.2.1:514", "192.0.2.1"),
		logBeside("nobody that is named", "syslog:tag=edge", "tag=edge"),
		logBeside("the exporter with a parameter that nobody knows", "syslog:server=10.213.3.254:5140,to=192.0.2.1", "to="),
		logBeside("a socket", "syslog:server=unix:/dev/log", "unix:"),
		logBeside("a file", "/tmp/requests.log", "requests.log"),
		[4]string{"one route", apiLocation, apiLocation + "\n access_log syslog:server=192.0.2.1 json;", "192.0.2.1"},
		[4]string{"what nginx writes about errors", "error_log stderr crit;", "error_log syslog:server=10.213.3.254:5140 crit;", "error_log"},
		[4]string{"what nginx writes about itself", "error_log stderr warn;", "error_log syslog:server=192.0.2.1 warn;", "error_log"},
		[4]string{"a file of errors that is called off", "error_log stderr warn;", "error_log off;", "error_log off"},
	),
	neverUnknown: neverUnknownEdge,
})

// ofMonitoring is a container of monitoring with a fixed address.
func ofMonitoring(network, address string) Resource {
	return Resource{
		Type: tokens.Container, Name: "monitoring-edge-exporter", URN: "urn:pulumi:dev::prefect-platform::" + tokens.Monitoring + "$" + tokens.Container + "::monitoring-edge-exporter",
		Properties: plainValue(map[string]any{"networksAdvanced": []any{map[string]any{"name": network, "ipv4Address": address}}}).AsMap(),
	}
}

var _ = prove("exposure-network-address", proof{
	fails: []fixture{
		on("prefect-worker-default-0", "a worker", putIn("networksAdvanced", 0, "ipv4Address", "10.213.1.254"), "10.213.1.254"),
		on(theAPI, "the address of the exporter", added("networksAdvanced", map[string]any{"name": "prefect-dev-mon", "ipv4Address": "10.213.3.254"}), "10.213.3.254"),
		on(theAPI, "one of IPv6", putIn("networksAdvanced", 0, "ipv6Address", "fd00::1"), "ipv6Address"),
		on(theAPI, "one that is no text", putIn("networksAdvanced", 0, "ipv4Address", 1), "cannot be judged"),
		{name: "one that Docker gives", add: []Resource{ofMonitoring("prefect-dev-mon", "10.213.3.20")}, found: "10.213.3.20", also: []string{anyRule}},
		{name: "one outside of the network", add: []Resource{ofMonitoring("prefect-dev-mon", "10.213.4.254")}, found: "10.213.4.254", also: []string{anyRule}},
		{name: "one of monitoring in another network", add: []Resource{ofMonitoring("prefect-dev-app", "10.213.3.254")}, found: "prefect-dev-app", also: []string{anyRule}},
		{name: "no address", add: []Resource{ofMonitoring("prefect-dev-mon", "exporter")}, found: "exporter", also: []string{anyRule}},
	},
	unknown: []fixture{on(theAPI, "an unknown address", putIn("networksAdvanced", 0, "ipv4Address", computed), ""), on(theAPI, "unknown networks", unknownProperty("networksAdvanced"), "")},
})

func TestExposureNetworkAddress_LetsTheExporterOfTheEdgeHaveOne(t *testing.T) {
	rule, _ := find(All(), "exposure-network-address")
	for base, address := range map[string]string{"10.213.0.0/16": "10.213.3.254", "172.20.16.0/20": "172.20.19.254"} {
		facts := Facts{Today: today}
		configured("network", `{"base": "`+base+`"}`)(&facts)
		if found := rule.Judge(facts, ofMonitoring("prefect-dev-mon", address)); len(found) > 0 {
			t.Errorf("%s: %v", base, found)
		}
	}
}
