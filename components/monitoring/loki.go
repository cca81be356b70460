package monitoring

import (
	_ "embed"
	"fmt"
	"time"

	"gopkg.in/yaml.v3"

	"prefect-platform/config"
	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

const (
	lokiData   = "/loki"
	lokiConfig = "loki.yaml"
)

//go:embed files/log_collector.py
var logCollector string

// loki keeps what the collector hands to it.
func (a Args) loki(config string) workload.Spec {
	return workload.Spec{
		Role:     catalogue.Loki.Host,
		Image:    a.Images.Loki,
		User:     "10001:10001",
		Command:  []string{"-config.file=" + workload.FilesDir + "/" + lokiConfig},
		Files:    map[string]workload.File{lokiConfig: workload.Text(config)},
		Networks: []workload.Network{{Name: a.Networks.Mon, Aliases: []string{catalogue.Loki.Host}}},
		// It asks http://localhost:3100/ready (Loki, cmd/loki/main.go). The image has no shell.
		Health:    workload.Health{Command: []string{tokens.LokiProgram, "-health"}, NoShell: true, Interval: seldom},
		MemoryMiB: a.Options.Logs.MemoryMiB,
		LogStays:  true,
		Grace:     time.Minute, // it writes what it holds in memory
		Order:     workload.StopFirst,
	}
}

// logCollector gets each line from the engine, at an address that is known before it runs.
func (a Args) logCollector() workload.Spec {
	s := a.exporter(catalogue.LogCollector, a.Images.Prefect, config.CollectorMiB, workload.Network{Name: a.Networks.Logs, Address: a.Logs.Addr()})
	inPython(&s, catalogue.LogCollector, "log_collector.py", logCollector,
		"--log", fmt.Sprint(a.Logs.Port()), "--metrics", fmt.Sprint(catalogue.LogCollector.Port), "--loki", "http://"+catalogue.Loki.String()+"/loki/api/v1/push",
	)
	s.LogStays = true
	return s
}

// lokiSettings are those of one process that keeps everything on its volume, and deletes what is old, which is off by default.
func lokiSettings(o config.Logs) (string, error) {
	type m = map[string]any
	text, err := yaml.Marshal(m{
		"auth_enabled": false,
		"analytics":    m{"reporting_enabled": false},
		"server": m{
			"http_listen_port": catalogue.Loki.Port, "grpc_listen_address": "127.0.0.1", "log_format": "json", "log_level": "warn",
			"http_server_read_timeout": "1m", "http_server_write_timeout": "1m",
		},
		"common": m{
			"path_prefix": lokiData, "replication_factor": 1, "instance_addr": "127.0.0.1", "ring": m{"kvstore": m{"store": "inmemory"}},
			"storage": m{"filesystem": m{"chunks_directory": lokiData + "/chunks", "rules_directory": lokiData + "/rules"}},
		},
		"ingester": m{"lifecycler": m{"min_ready_duration": "0s"}}, // there is no other for which it would wait
		"schema_config": m{"configs": []m{{
			"from": "2026-01-01", "store": "tsdb", "object_store": "filesystem", "schema": "v13", "index": m{"prefix": "index_", "period": "24h"},
		}}},
		"compactor": m{"working_directory": lokiData + "/compactor", "retention_enabled": true, "delete_request_store": "filesystem"},
		"limits_config": m{
			"retention_period": fmt.Sprintf("%dh", 24*o.RetentionDays), "reject_old_samples_max_age": "1h", "ingestion_rate_mb": 8, "ingestion_burst_size_mb": 16,
		},
		"query_range": m{"results_cache": m{"cache": m{"embedded_cache": m{"enabled": false}}}},
	})
	return string(text), err
}
