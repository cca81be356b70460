package config

import (
	"net"
	"strconv"
	"strings"
)

// PublicURL is where people and clients reach the edge, without a trailing slash.
func (c Config) PublicURL() string {
	port := c.Edge.PublicPort
	if port == 0 {
		port = c.Edge.HTTPSPort
	}
	address := net.JoinHostPort(c.Host, strconv.Itoa(port)) // puts an IPv6 address in brackets
	return "https://" + strings.TrimSuffix(address, ":443")
}
