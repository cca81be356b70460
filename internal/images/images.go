// Package images lists every image that the platform runs, in one place. What is tested is what is pinned.
package images

import "prefect-platform/config"

// Name is a key of config.Images.Override.
type Name string

// The images of the platform.
const (
	Prefect  Name = "prefect"
	Postgres Name = "postgres"
	Redis    Name = "redis"
	Nginx    Name = "nginx"
)

// PrefectVersion is the release that the launchers in components/prefect/files were tested with.
const PrefectVersion = "3.8.8"

// pins are exact tags; `make pin` adds digests where a registry answers.
var pins = map[Name]string{
	Prefect:  "prefecthq/prefect:" + PrefectVersion + "-python3.13",
	Postgres: "postgres:18.6",
	Redis:    "redis:8.0.6",
	Nginx:    "nginxinc/nginx-unprivileged:1.30.6",
}

// Resolve returns the reference under which the engine gets an image: the override if there is one, else the pin, behind the mirror's prefix.
func Resolve(from config.Images, name Name) string {
	if override := from.Override[string(name)]; override != "" {
		return override
	}
	if from.Registry != "" {
		return from.Registry + "/" + pins[name]
	}
	return pins[name]
}

// Pins returns a copy of all pins.
func Pins() map[Name]string {
	all := make(map[Name]string, len(pins))
	for name, reference := range pins {
		all[name] = reference
	}
	return all
}
