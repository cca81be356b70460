package sqlexporter

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/golden"
)

func TestQueries_AreAsReviewed(t *testing.T) {
	text, err := Queries(catalogue.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, QueriesFile, text)
	golden.Check(t, "grants.sql", Grants("prefect_monitoring"))
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
