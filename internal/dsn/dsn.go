// Package dsn builds connection URLs that every parser on the way takes apart into the same values, whatever the password holds.
package dsn

import (
	"net"
	"net/url"
	"strconv"
)

// Schemes that Prefect accepts.
const (
	AsyncPG = "postgresql+asyncpg" // SQLAlchemy dialect and driver of the server's engine
	Redis   = "redis"
)

// Target is an account on a database of one server.
type Target struct {
	Scheme   string
	User     string
	Password string // printable ASCII: PostgreSQL changes other text by SASLprep (RFC 4013), Prefect cannot compare it
	Host     string // DNS name or IP address, IPv6 without brackets
	Port     int
	Database string
}

// URL returns the target as a connection URL, which is a secret.
//
// The user part is escaped by url.UserPassword. url.PathEscape leaves "@" and ":" as they are, and url.QueryEscape writes a space as "+", which neither
// SQLAlchemy (sqlalchemy/engine/url.py, _parse_url) nor libpq (fe-connect.c, conninfo_uri_decode) decodes.
func (t Target) URL() string {
	u := url.URL{
		Scheme: t.Scheme,
		User:   url.UserPassword(t.User, t.Password),
		Host:   net.JoinHostPort(t.Host, strconv.Itoa(t.Port)),
		Path:   "/" + t.Database,
	}
	return u.String()
}
