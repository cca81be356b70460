// Package grafanaconf writes what Grafana starts with: its data sources and dashboards, from the catalogue, and its settings. Grafana keeps nothing: what somebody
// changes in it lasts until it starts again.
package grafanaconf

import (
	"fmt"
	"path"

	"gopkg.in/yaml.v3"

	"prefect-platform/internal/catalogue"
)

// Names in the folder of the files, from which Grafana is told where to look.
const (
	provisioning = "provisioning"
	pages        = "dashboards"
)

// Identifiers of the data sources, which panels name.
const (
	Prometheus   = "prometheus"
	Alertmanager = "alertmanager"
	Loki         = "loki"
)

type source struct {
	Name     string         `yaml:"name"`
	UID      string         `yaml:"uid"`
	Type     string         `yaml:"type"`
	URL      string         `yaml:"url"`
	Access   string         `yaml:"access"`
	Default  bool           `yaml:"isDefault"`
	Editable bool           `yaml:"editable"`
	Options  map[string]any `yaml:"jsonData"`
}

// Files returns every file of Grafana, by its path below dir.
func Files(c *catalogue.Catalogue, dir string) (map[string]string, error) {
	from := []source{
		{
			Name: "Prometheus", UID: Prometheus, Type: "prometheus", URL: "http://" + catalogue.Prometheus.String(), Access: "proxy", Default: true,
			Options: map[string]any{"httpMethod": "POST", "prometheusType": "Prometheus", "timeInterval": catalogue.Duration(c.Pace()), "manageAlerts": true},
		},
		{
			Name: "Alertmanager", UID: Alertmanager, Type: "alertmanager", URL: "http://" + catalogue.Alertmanager.String(), Access: "proxy",
			Options: map[string]any{"implementation": "prometheus", "handleGrafanaManagedAlerts": false},
		},
	}
	if c.Settings.Logs {
		from = append(from, source{Name: "Loki", UID: Loki, Type: "loki", URL: "http://" + catalogue.Loki.String(), Access: "proxy", Options: map[string]any{"maxLines": mostLines}})
	}
	sources, err := document("datasources", from)
	if err != nil {
		return nil, err
	}
	providers, err := document("providers", []any{map[string]any{
		"name": "platform", "type": "file", "disableDeletion": true, "allowUiUpdates": false, "options": map[string]any{"path": path.Join(dir, pages)},
	}})
	if err != nil {
		return nil, err
	}
	files := map[string]string{
		path.Join(provisioning, "datasources", "platform.yaml"): sources,
		path.Join(provisioning, "dashboards", "platform.yaml"):  providers,
	}
	for _, d := range c.Dashboards {
		if files[page(d.Name)], err = dashboard(c.Settings, d); err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.Name, err)
		}
	}
	return files, nil
}

func page(name string) string { return path.Join(pages, name+".json") }

// document is a file of provisioning. No value in it may hold a $, which Grafana would take for a variable; none does.
func document(kind string, list any) (string, error) {
	text, err := yaml.Marshal(map[string]any{"apiVersion": 1, kind: list})
	return string(text), err
}
