package sqlexporter

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"prefect-platform/internal/catalogue"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", path, got)
	}
}

func options() Options {
	return Options{Settings: catalogue.Defaults(), Host: "postgres:5432", Database: "prefect", Role: "prefect_monitoring"}
}

func TestFiles_AreAsReviewed(t *testing.T) {
	files, err := Files(options())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		golden(t, name, text)
	}
	golden(t, "grants.sql", Grants("prefect_monitoring"))
}

func TestQueries_ProvideExactlyWhatTheCatalogueExpects(t *testing.T) {
	var job catalogue.Job
	for _, each := range catalogue.New(catalogue.Defaults()).Jobs {
		if each.Endpoint == catalogue.SQLExporter {
			job = each
		}
	}
	made := map[string][]string{}
	for _, q := range queries(catalogue.Defaults()) {
		made[q.metric] = q.labels
	}
	if !maps.EqualFunc(made, job.Provides, slices.Equal) {
		t.Errorf("the queries make\n%v\nand the catalogue expects\n%v", made, job.Provides)
	}
}

func TestQueries_LookAtShorterWindowsWhenTheClockRunsFaster(t *testing.T) {
	fast := options()
	fast.Settings.Speed = 60
	files, err := Files(fast)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"interval '15000 milliseconds'", "interval '5000 milliseconds'"} {
		if !strings.Contains(files[Collector], want) {
			t.Errorf("no %s in\n%s", want, files[Collector])
		}
	}
}

func TestPassfile_EscapesWhatSeparatesItsFields(t *testing.T) {
	if got, want := Passfile("r", `a:b\c`), `*:*:*:r:a\:b\\c`+"\n"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}
