package grafanaconf

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	grafana "github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/logs"
	"github.com/grafana/grafana-foundation-sdk/go/loki"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/text"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"prefect-platform/internal/catalogue"
)

// tag joins the dashboards: each links to all that have it.
const tag = "prefect-platform"

// Rows of the grid, each 30 pixels.
const (
	numberHeight = 4
	graphHeight  = 8
	linesHeight  = 20
)

// mostLines are shown of a log at once; more come while somebody scrolls.
const mostLines = 1000

// dashboard writes one page.
func dashboard(s catalogue.Settings, d catalogue.Dashboard) (string, error) {
	//nolint:staticcheck // the newer schema is a beta in the foundation SDK; files of this one are read by Grafana 12 and 13
	made := grafana.NewDashboardBuilder(d.Title).Uid(d.Name).Description(d.About).Tags([]string{tag}).Readonly().
		Time("now-3h", "now").Refresh("30s").Timezone("browser").Tooltip(grafana.DashboardCursorSyncCrosshair).
		Link(grafana.NewDashboardLinkBuilder("Dashboards").Type(grafana.DashboardLinkTypeDashboards).Tags([]string{tag}).KeepTime(true))
	if slices.ContainsFunc(d.Rows, func(r catalogue.Row) bool {
		return slices.ContainsFunc(r.Panels, func(p catalogue.Panel) bool { return p.Kind == catalogue.Lines })
	}) {
		made.WithVariable(workloads()).WithVariable(grafana.NewTextBoxVariableBuilder(catalogue.SearchVariable).Label("Text"))
	}
	id := uint32(0)
	next := func() uint32 { id++; return id }
	for _, row := range d.Rows {
		made.WithRow(grafana.NewRowBuilder(row.Title).Id(next()))
		for _, p := range row.Panels {
			made.WithPanel(panel(s, p, next()))
		}
	}
	page, err := made.Build()
	if err != nil {
		return "", err
	}
	content, err := json.MarshalIndent(page, "", " ")
	return string(content) + "\n", err
}

func panel(s catalogue.Settings, p catalogue.Panel, id uint32) cog.Builder[grafana.Panel] {
	from, about, width := reference(Prometheus), about(s, p), uint32(p.Width) //nolint:gosec // 3 to 24
	switch p.Kind {
	case catalogue.Note:
		return text.NewPanelBuilder().Id(id).Title(p.Title).Span(width).Height(graphHeight).Mode(text.TextModeMarkdown).Content(p.Text)
	case catalogue.Lines:
		return logs.NewPanelBuilder().Id(id).Title(p.Title).Description(about).Datasource(reference(Loki)).Span(width).Height(linesHeight).
			ShowTime(true).WrapLogMessage(true).EnableLogDetails(true).SortOrder(common.LogsSortOrderDescending).
			WithTarget(loki.NewDataqueryBuilder().RefId("A").Datasource(reference(Loki)).Expr(p.Queries[0].Expr).QueryType("range").MaxLines(mostLines))
	case catalogue.Number:
		made := stat.NewPanelBuilder().Id(id).Title(p.Title).Description(about).Datasource(from).Span(width).Height(numberHeight).Unit(string(p.Unit)).
			GraphMode(common.BigValueGraphModeNone).ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).Targets(queries(p))
		if p.Levels != nil {
			made.Thresholds(thresholds(*p.Levels)).ColorMode(common.BigValueColorModeBackground)
		}
		return made
	case catalogue.Table:
		return table.NewPanelBuilder().Id(id).Title(p.Title).Description(about).Datasource(from).Span(width).Height(graphHeight).Unit(string(p.Unit)).
			WithTransformation(grafana.DataTransformerConfig{Id: "organize", Options: map[string]any{"excludeByName": map[string]any{"Time": true, "__name__": true, "instance": true}}}).
			Targets(queries(p))
	default:
		return timeseries.NewPanelBuilder().Id(id).Title(p.Title).Description(about).Datasource(from).Span(width).Height(graphHeight).Unit(string(p.Unit)).Min(0).
			Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom)).
			Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
			Targets(queries(p))
	}
}

// about is shown when somebody points at the panel: what it says, and which alerts judge the same.
func about(s catalogue.Settings, p catalogue.Panel) string {
	if len(p.Alerts) == 0 {
		return p.About
	}
	pages := make([]string, 0, len(p.Alerts))
	for _, name := range p.Alerts {
		pages = append(pages, fmt.Sprintf("%s (%s%s.md)", name, s.Runbooks, name))
	}
	return p.About + "\n\nAlerts: " + strings.Join(pages, ", ")
}

func queries(p catalogue.Panel) []cog.Builder[variants.Dataquery] {
	var all []cog.Builder[variants.Dataquery]
	for i, query := range p.Queries {
		made := prometheus.NewDataqueryBuilder().RefId(string(rune('A' + i))).Datasource(reference(Prometheus)).Expr(query.Expr).LegendFormat(query.Legend)
		switch p.Kind {
		case catalogue.Graph:
			made.Range()
		case catalogue.Table:
			made.Instant().Format(prometheus.PromQueryFormatTable)
		default:
			made.Instant()
		}
		all = append(all, made)
	}
	return all
}

// workloads is what people choose from at the top of a page of logs.
func workloads() *grafana.QueryVariableBuilder {
	query := "label_values(" + catalogue.WorkloadLabel + ")"
	all := "All"
	return grafana.NewQueryVariableBuilder(catalogue.WorkloadLabel).Label("Workload").Datasource(reference(Loki)).Query(grafana.StringOrMap{String: &query}).
		Refresh(grafana.VariableRefreshOnTimeRangeChanged).Sort(grafana.VariableSortAlphabeticalAsc).Multi(true).IncludeAll(true).AllValue(".+").
		Current(grafana.VariableOption{Text: grafana.StringOrArrayOfString{String: &all}, Value: grafana.StringOrArrayOfString{String: &everything}})
}

// everything is the value by which Grafana knows that all are chosen.
var everything = "$__all"

// thresholds colour a number from its level on.
func thresholds(l catalogue.Levels) *grafana.ThresholdsConfigBuilder {
	steps := []grafana.Threshold{{Color: "green"}, {Value: &l.Warning, Color: "orange"}, {Value: &l.Critical, Color: "red"}}
	if l.Critical < l.Warning {
		steps = []grafana.Threshold{{Color: "red"}, {Value: &l.Critical, Color: "orange"}, {Value: &l.Warning, Color: "green"}}
	}
	return grafana.NewThresholdsConfigBuilder().Mode(grafana.ThresholdsModeAbsolute).Steps(steps)
}

func reference(uid string) common.DataSourceRef {
	return common.DataSourceRef{Type: &uid, Uid: &uid}
}
