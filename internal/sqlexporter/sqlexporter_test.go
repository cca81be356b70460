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

func TestQueries_AreAsReviewed(t *testing.T) {
	text, err := Queries(catalogue.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, QueriesFile, text)
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
	fast := catalogue.Defaults()
	fast.Speed = 60
	text, err := Queries(fast)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"interval '15000 milliseconds'", "interval '5000 milliseconds'"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
