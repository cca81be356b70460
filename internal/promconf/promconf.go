// Package promconf writes Prometheus' configuration and rules, and the blackbox exporter's modules, from the catalogue. Nothing in it is secret: credentials are
// read from files at each scrape.
package promconf

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"prefect-platform/internal/catalogue"
)

// The files beside each other in catalogue.FilesDir.
const (
	Config   = "prometheus.yml"
	Blackbox = "blackbox.yml"
)

// RulesFile is the file of a group.
func RulesFile(group string) string { return group + ".rules.yml" }

// Retention bounds what Prometheus keeps; what is reached first counts.
type Retention struct {
	Days int
	MiB  int
}

// Files returns every file of Prometheus by name.
func Files(c *catalogue.Catalogue, keep Retention) (map[string]string, error) {
	text, err := write(config(c, keep))
	if err != nil {
		return nil, err
	}
	files := map[string]string{Config: text}
	for _, group := range c.Groups {
		if files[RulesFile(group.Name)], err = Rules(c, group); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// The pace of evaluation.
const evaluation = 30 * time.Second

type scrapeConfig struct {
	JobName        string              `yaml:"job_name"`
	Interval       string              `yaml:"scrape_interval"`
	Timeout        string              `yaml:"scrape_timeout"`
	Path           string              `yaml:"metrics_path"`
	Params         map[string][]string `yaml:"params,omitempty"`
	BasicAuth      *basicAuth          `yaml:"basic_auth,omitempty"`
	DNS            []dnsConfig         `yaml:"dns_sd_configs,omitempty"`
	Static         []staticConfig      `yaml:"static_configs,omitempty"`
	Relabel        []relabel           `yaml:"relabel_configs,omitempty"`
	FollowRedirect bool                `yaml:"follow_redirects"`
}

type basicAuth struct {
	User     string `yaml:"username"`
	Password string `yaml:"password_file"`
}

type dnsConfig struct {
	Names   []string `yaml:"names"`
	Type    string   `yaml:"type"`
	Port    int      `yaml:"port"`
	Refresh string   `yaml:"refresh_interval"`
}

type staticConfig struct {
	Targets []string `yaml:"targets"`
}

type relabel struct {
	Source      []string `yaml:"source_labels,omitempty"`
	Target      string   `yaml:"target_label"`
	Replacement string   `yaml:"replacement,omitempty"`
}

func config(c *catalogue.Catalogue, keep Retention) any {
	s := c.Settings
	rules := make([]string, 0, len(c.Groups))
	for _, group := range c.Groups {
		rules = append(rules, RulesFile(group.Name))
	}
	scrapes := make([]scrapeConfig, 0, len(c.Jobs))
	for _, job := range c.Jobs {
		scrapes = append(scrapes, scrape(s, job))
	}
	return struct {
		Global   any            `yaml:"global"`
		Storage  any            `yaml:"storage"`
		Rules    []string       `yaml:"rule_files"`
		Alerting any            `yaml:"alerting"`
		Scrapes  []scrapeConfig `yaml:"scrape_configs"`
	}{
		Global: struct {
			Interval   string `yaml:"scrape_interval"`
			Evaluation string `yaml:"evaluation_interval"`
		}{catalogue.Duration(s.Interval(evaluation / 2)), catalogue.Duration(s.Interval(evaluation))},
		Storage: map[string]any{"tsdb": map[string]any{"retention": struct {
			Time string `yaml:"time"`
			Size string `yaml:"size"`
		}{fmt.Sprintf("%dd", keep.Days), fmt.Sprintf("%dMB", keep.MiB)}}},
		Rules:    rules,
		Alerting: map[string]any{"alertmanagers": []any{map[string]any{"static_configs": []staticConfig{{Targets: []string{catalogue.Alertmanager.String()}}}}}},
		Scrapes:  scrapes,
	}
}

func scrape(s catalogue.Settings, job catalogue.Job) scrapeConfig {
	made := scrapeConfig{
		JobName: job.Name, Path: job.Path,
		Interval: catalogue.Duration(job.Interval), Timeout: catalogue.Duration(job.Timeout),
	}
	if job.Auth {
		made.BasicAuth = &basicAuth{s.User, catalogue.PasswordFile}
	}
	switch {
	case job.Module != "":
		made.Params = map[string][]string{"module": {job.Module}}
		if job.Hostname != "" {
			made.Params["hostname"] = []string{job.Hostname}
		}
		made.Static = []staticConfig{{Targets: []string{job.Target}}}
		made.Relabel = []relabel{
			{Source: []string{"__address__"}, Target: "__param_target"},
			{Source: []string{"__param_target"}, Target: "instance"},
			{Target: "__address__", Replacement: job.Endpoint.String()},
		}
	case job.Replicas:
		made.DNS = []dnsConfig{{Names: []string{job.Endpoint.Host}, Type: "A", Port: job.Endpoint.Port, Refresh: catalogue.Duration(s.Interval(15 * time.Second))}}
	default:
		made.Static = []staticConfig{{Targets: []string{job.Endpoint.String()}}}
	}
	return made
}

type rule struct {
	Record      string            `yaml:"record,omitempty"`
	Alert       string            `yaml:"alert,omitempty"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for,omitempty"`
	KeepFiring  string            `yaml:"keep_firing_for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

// Rules returns the rule file of a group.
func Rules(c *catalogue.Catalogue, group catalogue.Group) (string, error) {
	rules := make([]rule, 0, len(group.Recordings)+len(group.Alerts))
	for _, recording := range group.Recordings {
		rules = append(rules, rule{Record: recording.Name, Expr: recording.Expr, Labels: recording.Labels})
	}
	for _, alert := range group.Alerts {
		labels := map[string]string{catalogue.LabelSeverity: string(alert.Severity), catalogue.LabelService: string(alert.Service)}
		maps.Copy(labels, alert.Labels)
		rules = append(rules, rule{
			Alert: alert.Name, Expr: alert.Expr, For: positive(alert.For), KeepFiring: positive(alert.KeepFiring), Labels: labels,
			Annotations: map[string]string{
				"summary":     alert.Summary,
				"description": alert.Description,
				"runbook_url": c.Settings.Runbooks + alert.Name + ".md",
			},
		})
	}
	return write(map[string]any{"groups": []any{struct {
		Name  string `yaml:"name"`
		Rules []rule `yaml:"rules"`
	}{group.Name, rules}}})
}

func positive(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return catalogue.Duration(d)
}

func write(content any) (string, error) {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	err := encoder.Encode(content)
	return text.String(), err
}

type httpProbe struct {
	Method         string     `yaml:"method"`
	Versions       []string   `yaml:"valid_http_versions"`
	Status         []int      `yaml:"valid_status_codes"`
	FollowRedirect bool       `yaml:"follow_redirects"`
	FailIfNotTLS   bool       `yaml:"fail_if_not_ssl,omitempty"`
	Protocol       string     `yaml:"preferred_ip_protocol"`
	BasicAuth      *basicAuth `yaml:"basic_auth,omitempty"`
	TLS            *tlsConfig `yaml:"tls_config,omitempty"`
}

type tlsConfig struct {
	CA string `yaml:"ca_file"`
}

// Modules returns the configuration of the blackbox exporter.
func Modules(c *catalogue.Catalogue) (string, error) {
	modules := map[string]any{}
	for _, module := range c.Modules {
		probe := httpProbe{Method: "GET", Versions: []string{"HTTP/1.1", "HTTP/2.0"}, Status: module.Status, FailIfNotTLS: module.TLS, Protocol: "ip4"}
		if module.Auth {
			probe.BasicAuth = &basicAuth{c.Settings.User, path(catalogue.PasswordFile)}
		}
		if module.PrivateCA {
			probe.TLS = &tlsConfig{path(catalogue.AuthorityFile)}
		}
		modules[module.Name] = map[string]any{"prober": "http", "http": probe}
	}
	return write(map[string]any{"modules": modules})
}

func path(name string) string { return strings.Join([]string{catalogue.FilesDir, name}, "/") }
