package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/doctor"
)

func TestOriginOf_LooksIntoTheFile(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"dump": "PGDMP\x01\x0e\x00 and more than that", "db": "SQLite format 3\x00 and more",
		"sql": "--\n-- PostgreSQL database dump\n--\n", "short": "PG",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]origin{"dump": dump, "db": sqlite, "sql": unknown, "short": unknown, "missing": unknown} {
		got, err := originOf(filepath.Join(dir, name))
		if got != want || (err == nil) != (want != unknown) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestTakingOver_BringsWhatSQLiteHasNotWrittenIntoItsFileYet(t *testing.T) {
	x, file := &examination{Seen: doctor.Seen{Stack: "dev", Config: config.Default()}}, filepath.Join(t.TempDir(), "prefect.db")
	for _, wal := range []bool{false, true} {
		if wal {
			if err := os.WriteFile(file+"-wal", []byte("pages"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, client := x.takingOver(sqlite, file, "data", "shared")
		if (client.Local["/tmp/taken-wal"] == file+"-wal") != wal {
			t.Errorf("beside the file is another (%v), and there are %v", wal, client.Local)
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

func TestTogether_EndsTheOtherWhenOneIsGoneWithoutAWord(t *testing.T) {
	killed := errors.New("exit code 137")
	for first := range 2 {
		runs := []func(context.Context) (string, error){
			func(context.Context) (string, error) { return "", killed },
			func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }, // waits for the other
		}
		if first == 1 {
			runs[0], runs[1] = runs[1], runs[0]
		}
		if _, err := together(t.Context(), time.Millisecond, runs...); !errors.Is(err, killed) || errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
}

func TestTogether_LetsTheOtherSayWhy(t *testing.T) {
	why, seen := errors.New("another revision"), make(chan struct{})
	_, err := together(t.Context(), time.Hour,
		func(context.Context) (string, error) { close(seen); return "", errors.New("it failed") },
		func(ctx context.Context) (string, error) { <-seen; return "", errors.Join(why, ctx.Err()) })
	if !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
}

func TestTogether_EndsAllWhenItIsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	waits := func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }
	if _, err := together(ctx, time.Hour, waits, waits); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
