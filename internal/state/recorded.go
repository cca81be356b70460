package state

import (
	"encoding/json"
	"time"
)

// Port is a port that a container publishes.
type Port struct {
	// Address is the IP address of the Docker host; Docker takes an empty one for every address.
	Address string
	// Published is the port of the host, 0 for one that Docker chooses.
	Published int
	// Internal is the container's own port.
	Internal int
	// Protocol is tcp, udp or sctp.
	Protocol string
}

// Ports are those that a container was told to publish.
func (r Resource) Ports() []Port {
	var ports []Port
	for _, each := range list(object(r.fields["inputs"])["ports"]) {
		port := object(each)
		ports = append(ports, Port{Address: text(port["ip"]), Published: whole(port["external"]), Internal: whole(port["internal"]), Protocol: text(port["protocol"])})
	}
	return ports
}

// Networks are the names of those that a container was told to join.
func (r Resource) Networks() []string {
	var names []string
	for _, each := range list(object(r.fields["inputs"])["networksAdvanced"]) {
		names = append(names, text(object(each)["name"]))
	}
	return names
}

// EngineName is the name on the engine, generated or not; that of the program for what has none.
func (r Resource) EngineName() string {
	if name := text(r.Output("name")); name != "" {
		return name
	}
	if name := r.Input("name"); name != "" {
		return name
	}
	return r.Name()
}

// Failed says that an `up` made it and then failed with it, as with a container that did not become healthy in time. The next `up` makes it anew.
func (r Resource) Failed() bool { return len(list(r.fields["initErrors"])) > 0 }

// Created is when this version was made. A state of an old CLI does not say: then it is zero.
func (r Resource) Created() time.Time { return moment(r.fields["created"]) }

// Ends is when a certificate ends; zero for anything else.
func (r Resource) Ends() time.Time { return moment(r.Output("validityEndTime")) }

func moment(value any) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text(value))
	if err != nil {
		return time.Time{}
	}
	return at
}

func whole(value any) int {
	number, _ := value.(json.Number)
	n, err := number.Int64()
	if err != nil {
		return 0
	}
	return int(n)
}
