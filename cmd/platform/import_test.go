package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prefect-platform/config"
	"prefect-platform/internal/doctor"
)

func TestOriginOf_LooksIntoTheFile(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"dump": "PGDMP\x01\x0e\x00 and more than that", "db": "SQLite format 3\x00 and more", "used.db": "SQLite format 3\x00 and more", "used.db-wal": "pages", "fresh.db": "SQLite format 3\x00 and more", "fresh.db-wal": "",
		"sql": "--\n-- PostgreSQL database dump\n--\n", "short": "PG",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]origin{"dump": dump, "db": sqlite, "fresh.db": sqlite, "used.db": unknown, "sql": unknown, "short": unknown, "missing": unknown} {
		got, err := originOf(filepath.Join(dir, name))
		if got != want || (err == nil) != (want != unknown) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestTakingOver_GivesTheFileToWhoeverReadsItAndNoNetworkToAnybody(t *testing.T) {
	x := &examination{Seen: doctor.Seen{Stack: "dev", Config: config.Default()}}
	for from, reads := range map[origin]string{dump: "postgres", sqlite: "prefect"} {
		server, client := x.takingOver(from, "file", "data", "shared")
		if server.Network != "none" || client.Network != "none" {
			t.Errorf("%v: networks are %q and %q", from, server.Network, client.Network)
		}
		for of, once := range map[string][]string{"postgres": {server.Image, strings.Join(server.Entrypoint, " "), server.Local["/tmp/taken"]}, "prefect": {client.Image, strings.Join(client.Entrypoint, " "), client.Local["/tmp/taken"]}} {
			if has := once[2] == "file" && strings.HasSuffix(once[1], " /tmp/taken"); has != (of == reads) {
				t.Errorf("%v: %s has the file: %v", from, once[0], has)
			}
		}
	}
}
