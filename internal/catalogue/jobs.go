package catalogue

import (
	"fmt"
	"strings"
	"time"

	"prefect-platform/internal/tokens"
)

// Endpoint is where a workload answers on the monitoring network. The names are network aliases.
type Endpoint struct {
	Host string
	Port int
}

func (e Endpoint) String() string { return fmt.Sprintf("%s:%d", e.Host, e.Port) }

// The endpoints.
var (
	Prometheus       = Endpoint{"prometheus", 9090}
	Alertmanager     = Endpoint{"alertmanager", 9093}
	PostgresExporter = Endpoint{"postgres-exporter", 9187}
	EdgeExporter     = Endpoint{"edge-exporter", 9113}
	NodeExporter     = Endpoint{"node-exporter", 9100}
	BlackboxExporter = Endpoint{"blackbox-exporter", 9115}
	SQLExporter      = Endpoint{"sql-exporter", 9399}
	Grafana          = Endpoint{"grafana", 3000}
	Loki             = Endpoint{tokens.HostLoki, 3100}
	LogCollector     = Endpoint{tokens.HostLogCollector, 9114}
	EdgeHTTPS        = Endpoint{"nginx", 8443}
	EdgeHTTP         = Endpoint{"nginx", 8080}
)

// GrafanaPath is where Grafana is served, by itself and by the edge.
const GrafanaPath = "/grafana/"

// Files that hold secrets or certificates, in the folder named by the workload's own specification.
const (
	PasswordFile  = "prefect-password" // of Prefect's credential, read at each scrape and each probe
	AuthorityFile = "authority.crt"    // that signed the edge's certificate
	FilesDir      = "/etc/platform"
)

// Job is one source of metrics.
type Job struct {
	Name     string
	Endpoint Endpoint
	Replicas bool // the name has an address for each of several containers
	Path     string
	Auth     bool // with Prefect's credential
	Interval time.Duration
	Timeout  time.Duration
	Module   string // of the blackbox exporter, which is asked instead of the endpoint
	Target   string // that it probes
	Hostname string // Host header and name in the certificate
	// Provides are the metrics that rules may use, each with its labels, besides job and instance. A rule that uses another one is refused.
	Provides map[string][]string
}

const (
	usual  = 15 * time.Second
	slower = 30 * time.Second
)

// The labels that Prometheus itself adds.
var everywhere = []string{"job", "instance"}

func jobs(s Settings) []Job {
	api := s.api()
	list := []Job{
		{
			Name: "prometheus", Endpoint: Prometheus, Path: "/metrics",
			Provides: map[string][]string{
				"prometheus_config_last_reload_successful":          nil,
				"prometheus_rule_evaluation_failures_total":         {"rule_group"},
				"prometheus_rule_group_iterations_missed_total":     {"rule_group"},
				"prometheus_notifications_alertmanagers_discovered": nil,
				"prometheus_notifications_errors_total":             {"alertmanager"},
				"prometheus_tsdb_compactions_failed_total":          nil,
				"prometheus_tsdb_wal_corruptions_total":             nil,
				"prometheus_tsdb_head_series":                       nil,
			},
		},
		{
			Name: "alertmanager", Endpoint: Alertmanager, Path: "/metrics",
			Provides: map[string][]string{
				"alertmanager_config_last_reload_successful": nil,
				"alertmanager_notifications_failed_total":    {"integration", "reason"},
				"alertmanager_notifications_total":           {"integration"},
			},
		},
		{
			Name: "prefect-api", Endpoint: api, Replicas: true, Path: "/api/metrics", Auth: true,
			Provides: map[string][]string{
				"process_start_time_seconds":    nil,
				"process_resident_memory_bytes": nil,
				"process_cpu_seconds_total":     nil,
				"process_open_fds":              nil,
			},
		},
		{Name: "prefect", Endpoint: SQLExporter, Path: "/metrics", Interval: slower, Provides: prefectMetrics},
		{
			Name: "postgres", Endpoint: PostgresExporter, Path: "/metrics",
			Provides: map[string][]string{
				"pg_up":                                           nil,
				"pg_exporter_last_scrape_error":                   nil,
				"pg_scrape_collector_success":                     {"collector"},
				"pg_postmaster_start_time_seconds":                nil,
				"pg_settings_max_connections":                     {"server"},
				"pg_settings_superuser_reserved_connections":      {"server"},
				"pg_settings_reserved_connections":                {"server"},
				"pg_stat_activity_count":                          {"datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event", "server"},
				"pg_stat_activity_max_tx_duration":                {"datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event", "server"},
				"pg_stat_database_deadlocks":                      {"datid", "datname"},
				"pg_stat_database_blks_hit":                       {"datid", "datname"},
				"pg_stat_database_blks_read":                      {"datid", "datname"},
				"pg_stat_database_xact_commit":                    {"datid", "datname"},
				"pg_stat_database_xact_rollback":                  {"datid", "datname"},
				"pg_stat_user_tables_n_dead_tup":                  {"datname", "schemaname", "relname"},
				"pg_stat_user_tables_n_live_tup":                  {"datname", "schemaname", "relname"},
				"pg_stat_checkpointer_num_requested_total":        nil,
				"pg_stat_checkpointer_num_timed_total":            nil,
				"pg_database_wraparound_age_datfrozenxid_seconds": {"datname"},
				"pg_database_size_bytes":                          {"datname"},
			},
		},
		{
			Name: "edge", Endpoint: EdgeExporter, Path: "/metrics",
			Provides: map[string][]string{
				"nginx_up":                             nil,
				"nginx_connections_accepted":           nil,
				"nginx_connections_handled":            nil,
				"nginx_connections_active":             nil,
				"nginx_http_requests_total":            nil,
				"edge_requests_total":                  {"route", "method", "status"},
				"edge_request_duration_seconds_bucket": {"route", "le"},
				"edge_request_duration_seconds_count":  {"route"},
				"edge_request_duration_seconds_sum":    {"route"},
				"edge_log_lines_invalid_total":         nil,
			},
		},
		{
			Name: "node", Endpoint: NodeExporter, Path: "/metrics",
			Provides: nodeMetrics,
		},
		{
			Name: "blackbox", Endpoint: BlackboxExporter, Path: "/metrics",
			Provides: map[string][]string{"blackbox_exporter_config_last_reload_successful": nil},
		},
		probe("probe-ready", moduleReady, "http://"+api.String()+"/api/ready", ""),
		probe("probe-edge", moduleEdge, "https://"+EdgeHTTPS.String()+"/api/ready", s.Host),
		// A page of the interface: there the edge alone asks for the credential, where the API would refuse by itself and hide that the edge does not.
		probe("probe-no-credential", moduleNoCredential, "https://"+EdgeHTTPS.String()+"/", s.Host),
		probe("probe-redirect", moduleRedirect, "http://"+EdgeHTTP.String()+"/", s.Host),
	}
	if s.Grafana {
		list = append(list, Job{Name: "grafana", Endpoint: Grafana, Path: GrafanaPath + "metrics"})
	}
	if s.Logs {
		list = append(
			list, Job{Name: "loki", Endpoint: Loki, Path: "/metrics"},
			Job{Name: "log-collector", Endpoint: LogCollector, Path: "/metrics", Provides: collectorMetrics},
		)
	}
	for i := range list {
		if list[i].Interval == 0 {
			list[i].Interval = usual
		}
		if list[i].Timeout == 0 {
			list[i].Timeout = 10 * time.Second
		}
	}
	return list
}

func probe(name, module, target, hostname string) Job {
	provides := map[string][]string{"probe_success": nil, "probe_http_status_code": nil, "probe_duration_seconds": nil}
	if strings.HasPrefix(target, "https:") {
		provides["probe_ssl_earliest_cert_expiry"] = nil
	}
	return Job{Name: name, Endpoint: BlackboxExporter, Path: "/probe", Module: module, Target: target, Hostname: hostname, Provides: provides}
}

// Names of the blackbox exporter's modules.
const (
	moduleReady        = "ready"
	moduleEdge         = "edge"
	moduleNoCredential = "no_credential"
	moduleRedirect     = "redirect"
)

// Module is a way to probe.
type Module struct {
	Name      string
	TLS       bool
	Auth      bool // with Prefect's credential
	PrivateCA bool
	Status    []int
}

func modules(s Settings) []Module {
	return []Module{
		{Name: moduleReady, Status: []int{200}},
		{Name: moduleEdge, TLS: true, Auth: true, PrivateCA: s.PrivateCA, Status: []int{200}},
		{Name: moduleNoCredential, TLS: true, PrivateCA: s.PrivateCA, Status: []int{401}},
		{Name: moduleRedirect, Status: []int{308}},
	}
}

var endpoints = []Endpoint{
	Prometheus, Alertmanager, PostgresExporter, EdgeExporter, NodeExporter, BlackboxExporter, SQLExporter, Grafana, Loki, LogCollector, EdgeHTTPS, EdgeHTTP,
}
