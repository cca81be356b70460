// Package prefecttoml writes the prefect.toml that hands Prefect its secrets: Prefect reads no *_FILE variables, and the environment of a container is readable
// for everyone who may inspect it.
package prefecttoml

import (
	"strings"

	"github.com/BurntSushi/toml"
)

// Server are the secrets of API, background services and migration.
type Server struct {
	DatabaseURL   string
	AuthString    string // "user:password", of the API
	DocketURL     string
	RedisPassword string
}

// String returns the file. The tables redis.* are those of the prefect-redis package; it reads the password raw, not escaped.
func (s Server) String() string {
	return encode(map[string]any{
		"server": map[string]any{
			"database": map[string]string{"connection_url": s.DatabaseURL},
			"api":      map[string]string{"auth_string": s.AuthString},
			"docket":   map[string]string{"url": s.DocketURL},
		},
		"redis": map[string]any{
			"messaging":            map[string]string{"password": s.RedisPassword},
			"worker_cleanup_queue": map[string]string{"password": s.RedisPassword},
		},
	})
}

// Client returns the file of a worker or another client of the API. A worker hands every setting that is set to its flow runs, so it holds no more than they need.
func Client(authString string) string {
	return encode(map[string]any{"api": map[string]string{"auth_string": authString}})
}

func encode(tables map[string]any) string {
	var b strings.Builder
	encoder := toml.NewEncoder(&b)
	encoder.Indent = ""
	if err := encoder.Encode(tables); err != nil {
		panic(err) // maps of strings always encode
	}
	return b.String()
}
