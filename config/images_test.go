package config

import (
	"strings"
	"testing"
)

func TestPostgresMajor_IsInTheTag(t *testing.T) {
	for text, want := range map[string]int{
		"postgres:18.6": 18, "postgres:17.12-trixie": 17, "mirror:5000/library/postgres:18.6@sha256:" + strings.Repeat("0f", 32): 18,
		"postgres@sha256:" + strings.Repeat("0f", 32): 0, "postgres": 0, "postgres:latest": 0, "": 0,
	} {
		if got := PostgresMajor(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

var wrongImages = []wrong{
	refused(`images: {registry: 'https://mirror.corp.net/hub/'}`,
		`images.registry: found "https://mirror.corp.net/hub/", want a host name with an optional path, such as mirror.example.com/hub, without scheme or slash at the end (pulumi config set --path images.registry mirror.corp.net/hub)`),
	refused(`images: {registry: hub}`,
		`images.registry: found "hub", want a host name with an optional path, such as mirror.example.com/hub`),
	refused(`images: {override: {postgress: 'postgres:18.6'}}`,
		`images.override.postgress: found an unknown key, want a known one: did you mean postgres? (pulumi config rm --path images.override.postgress)`),
	refused(`images: {override: {tempo: 'grafana/tempo:2.9.0'}}`,
		`images.override.tempo: found an unknown key, want one of alertmanager, blackboxExporter, grafana, lego, loki, nginx, nodeExporter, postgres, postgresExporter, prefect, prometheus, redis, restic (pulumi config rm --path images.override.tempo)`),
	refused(`images: {override: {grafana: 'grafana/grafana:12.4'}}`,
		`images.override.grafana: found "grafana/grafana:12.4", want a tag with a version of 3 numbers, or a digest`),
	refused(`images: {override: {postgres: postgres}}`,
		`images.override.postgres: found "postgres", want an exact tag or a digest: without one, the engine takes what is latest`),
	refused(`images: {override: {postgres: 'postgres:18'}}`,
		`images.override.postgres: found "postgres:18", want a tag with a version of 2 numbers, or a digest`),
	refused(`images: {override: {postgres: 'postgres:16.14'}}`,
		`images.override.postgres: found "postgres:16.14", want a tag with its version, of 17 or 18, also beside a digest: it says which volume has the data`),
	refused("images: {override: {postgres: 'postgres@sha256:"+strings.Repeat("0f", 32)+"'}}",
		`images.override.postgres: found "postgres@sha256:`+strings.Repeat("0f", 32)+`", want a tag with its version, of 17 or 18, also beside a digest: it says which volume has the data`),
	refused(`images: {override: {prefect: 'prefecthq/prefect:3.8'}}`,
		`images.override.prefect: found "prefecthq/prefect:3.8", want a tag with a version of 3 numbers, or a digest`),
	refused(`images: {override: {nginx: 'nginxinc/nginx-unprivileged:alpine3.24'}}`,
		`images.override.nginx: found "nginxinc/nginx-unprivileged:alpine3.24", want a tag with a version of 3 numbers, or a digest`),
	refused(`images: {override: {redis: 'redis:latest'}}`,
		`images.override.redis: found "redis:latest", want a tag with a version of 3 numbers, or a digest`),
	refused(`images: {override: {redis: ''}}`,
		`images.override.redis: found nothing, want an image reference such as registry.example.com/team/flows:1.4.2`),
}
